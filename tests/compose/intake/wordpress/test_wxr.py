"""WordPress exports as they come: broken, hostile, or larger than memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.compose.intake.wordpress import wxr
from mailer.compose.intake.wordpress.selection import posts
from mailer.compose.intake.wordpress.wxr import survey
from mailer.errors import InvalidError
from tests.compose.intake.wordpress.export import export, item, picture

_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><rss><channel><title>&i;</title></channel></rss>"
)
_MEASURE = """
import json, sys
from pathlib import Path
from mailer.compose.intake.wordpress import wxr
from mailer.compose.intake.wordpress.selection import posts
from mailer.compose.intake.wordpress.wxr import survey
from mailer.errors import InvalidError
# What getrusage says would count the process that started this one.
peak = lambda: int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
try:
    said = sum(1 for _ in posts(Path(sys.argv[1])))
except InvalidError as error:
    said = str(error)
print(json.dumps([said, peak() - before, peak()]))
"""


def _measured(path: Path, most: int) -> object:
    """What listing the posts of a file comes to, in a process of its own that stays below 256 MB.

    ``most``: MB that it may take for the file.
    """
    ran = subprocess.run([sys.executable, "-c", _MEASURE, path], capture_output=True, text=True, check=True)
    said, taken, peak = json.loads(ran.stdout)
    assert taken < most * 1024
    assert peak < 256 * 1024
    return said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is no XML, or is cut short"),
        ("潮水", "is no XML, or is cut short"),
        ("<rss><channel><item></channel></rss>", "is no XML, or is cut short"),
        ("<feed/>", "is no WordPress export"),
        ("<rss><channel><title>a feed</title></channel></rss>", "is no WordPress export"),
        (_LAUGHS, "is no XML, or is cut short"),
        ('<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss/>', "document type of its own"),
        ('<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>', "document type of its own"),
        ("<rss><channel>&nbsp;</channel></rss>", "is no XML, or is cut short"),
    ],
)
def test_what_is_no_export_is_refused_in_one_sentence(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "site.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidError, match=says):
        posts(path)


def test_an_export_that_is_cut_short_gives_no_post_at_all(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="cut short"):
        posts(export(tmp_path / "site.xml", *(item(n) for n in range(50)), tail=""))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="cannot be read"):
        posts(tmp_path / "nowhere.xml")


def test_a_large_export_takes_little_memory(tmp_path: Path) -> None:
    content = "<p>潮水退了，渡輪停航。</p>" * 1500
    path = export(tmp_path / "site.xml", *(item(n, content=content) for n in range(1100)))
    assert path.stat().st_size > 60_000_000
    assert _measured(path, 20) == 1100


@pytest.mark.parametrize(
    ("head", "junk"),
    [
        ("<rss><channel><item><title>", "x" * 1000),
        ("<rss><channel><item>", "<b>x</b>" * 100),
        ("", "<!-- sea -->" * 99),
    ],
    ids=["one text", "one post", "no post"],
)
def test_junk_without_an_end_is_refused_before_it_fills_the_memory(tmp_path: Path, head: str, junk: str) -> None:
    path = tmp_path / "site.xml"
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        file.writelines(junk for _ in range(60_000_000 // len(junk)))
    assert isinstance(_measured(path, 100), str)


def test_pictures_without_an_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [picture(n, f"https://village.example/{n}.jpg", "水閘") for n in range(4)]
    # What no edition could hold is not kept, and counts for nothing.
    long = [picture(n, "https://village.example/" + "x" * 1000, "") for n in range(9, 19)]
    monkeypatch.setattr(wxr, "_MOST_PICTURES", 3)
    assert list(survey(export(tmp_path / "few.xml", *pictures[:3], *long)).images) == ["0", "1", "2"]
    with pytest.raises(InvalidError, match="more than 3 pictures"):
        survey(export(tmp_path / "many.xml", *pictures))
