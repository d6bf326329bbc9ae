"""Editions in and out by commands: shown, stored, refused with what others did; nothing half done."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.i18n import EN, ZH
from tests.cli.conftest import Run, one_line
from tests.mould import SAMPLE

Housed = dict[str, str]
LETTER = SAMPLE.parent / "letter-2026-08"
ADA = ("--as", "Ada")
FEED = """<rss version="2.0"><channel><title>Harbour notes</title><link>https://notes.harbour.example/</link>
<item><title>The slipway is mended</title><link>https://notes.harbour.example/slipway</link>
<pubDate>Tue, 03 Nov 2026 09:00:00 +0800</pubDate><description>It took three tides.</description></item>
<item><title>A heron at the pump house</title><link>https://notes.harbour.example/heron</link>
<pubDate>Mon, 02 Nov 2026 09:00:00 +0800</pubDate><description>It stands on one leg.</description></item>
</channel></rss>"""


@pytest.fixture
def stored(run: Run, staffed: Housed) -> Housed:
    """An installation with a newsletter, and the letter in it."""
    done = run("edition", "import", str(LETTER), *ADA, **staffed)
    assert done.returncode == 0, done.stderr
    assert "is stored, as version 1" in done.stdout
    return staffed


def _rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def _versions(run: Run, housed: Housed, slug: str = "letter-2026-08") -> list[dict[str, object]]:
    versions: list[dict[str, object]] = json.loads(run("edition", "versions", slug, "--json", **housed).stdout)[
        "versions"
    ]
    return versions


def test_out_and_in_again_every_file_is_the_same(run: Run, stored: Housed, tmp_path: Path) -> None:
    for place in ("one", "edition.zip"):
        assert run("edition", "export", "letter-2026-08", place, **stored).returncode == 0
    done = run("edition", "import", "edition.zip", *ADA, **stored)
    assert (done.returncode, "stays at version 1" in done.stdout) == (0, True), done.stderr
    run("edition", "export", "letter-2026-08", "two", **stored)
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
    assert len(_versions(run, stored)) == 1


def test_a_change_is_shown_and_what_others_did_is_not_written_over(run: Run, stored: Housed, tmp_path: Path) -> None:
    run("edition", "export", "letter-2026-08", "mine", **stored)
    shutil.copytree(tmp_path / "mine", tmp_path / "theirs")
    _rewrite(tmp_path / "theirs" / "en-GB.md", "We accepted a fish", "We took a fish")
    _rewrite(tmp_path / "mine" / "en-GB.md", "Mrs Leung, now 68", "Mrs Leung, now 69")
    done = run("edition", "import", "theirs", "--as", "Bo", **stored)
    assert "[-accepted-]{+took+}" in done.stdout
    assert "counts as brought up to date" in done.stdout
    refused = run("edition", "import", "mine", *ADA, **stored)
    one_line(refused, 1, "has changed since", "--replace")
    assert "[-accepted-]{+took+}" in refused.stdout
    assert [(each["version"], each["by"]) for each in _versions(run, stored)] == [(2, "Bo"), (1, "Ada")]
    assert run("edition", "import", "mine", "--replace", *ADA, **stored).returncode == 0
    compared = run("edition", "compare", "letter-2026-08", "2", "3", "--json", **stored)
    (difference,) = (each for each in json.loads(compared.stdout)["differences"] if each["kind"] == "text")
    assert (difference["block"], difference["language"]) == ("letter", EN)
    assert "We accepted a fish" in difference["new"]
    assert run("edition", "restore", "letter-2026-08", "1", "--as", "Cy", **stored).returncode == 0
    assert "restored from 1" in run("edition", "versions", "letter-2026-08", **stored).stdout
    assert "no difference" in run("edition", "compare", "letter-2026-08", "1", **stored).stdout


def test_a_translator_gets_a_po_file_and_gives_it_back(run: Run, stored: Housed, tmp_path: Path) -> None:
    assert run("edition", "export", "letter-2026-08", "letter.po", **stored).returncode == 0
    one_line(run("edition", "export", "letter-2026-08", "letter.po", **stored), 1, "new file")
    one_line(run("edition", "export", "letter-2026-08", "x.po", "--language", ZH, **stored), 2, EN)
    _rewrite(tmp_path / "letter.po", 'msgstr "Head Librarian"', 'msgstr "Librarian in chief"')
    done = run("edition", "import", "letter.po", "--as", "Tess", **stored)
    assert (done.returncode, "[-Head -]" in done.stdout or "{+" in done.stdout) == (0, True), done.stderr
    assert [each["by"] for each in _versions(run, stored)] == ["Tess", "Ada"]


def test_a_feed_is_shown_and_stored_only_when_that_is_said(run: Run, stored: Housed, tmp_path: Path) -> None:
    (tmp_path / "notes.xml").write_text(FEED)
    shown = run("edition", "import", "en-GB=notes.xml", "--slug", "notes-1", *ADA, **stored)
    assert shown.returncode == 0, shown.stderr
    assert "blog-digest" in shown.stdout
    assert "The slipway is mended" in shown.stdout
    assert "Nothing was stored" in shown.stderr
    one_line(run("edition", "versions", "notes-1", **stored), 1, "no edition notes-1")
    done = run("edition", "import", "en-GB=notes.xml", "--slug", "notes-1", "--yes", "--json", *ADA, **stored)
    told = json.loads(done.stdout)
    assert (told["edition"], told["languages"], told["version"]) == ("notes-1", [EN], 1)
    # The next digest has what came since.
    one_line(run("edition", "import", "notes.xml", "--slug", "notes-2", "--yes", *ADA, **stored), 1, "no new posts")
    new = "<item><title>Ice on the jetty</title><link>https://notes.harbour.example/ice</link></item>"
    (tmp_path / "notes.xml").write_text(FEED.replace("<item>", f"{new}<item>", 1))
    told = json.loads(run("edition", "import", "notes.xml", "--slug", "notes-2", "--json", *ADA, **stored).stdout)
    assert told["version"] is None
    run("edition", "import", "notes.xml", "--slug", "notes-2", "--into", "folder", *ADA, **stored)
    spine = (tmp_path / "folder" / "edition.yaml").read_text()
    assert "https://notes.harbour.example/ice" in spine
    assert "slipway" not in spine
    assert "base:" not in spine


def test_a_person_at_a_terminal_is_asked(stored: Housed, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("A letter\n\nDear friends,\n\nThe boat is back.\n")
    environment = {**os.environ, **{f"MAILER_{key.upper()}": value for key, value in stored.items()}}
    for answer, sign in (("n", "Nothing was stored"), ("y", "is stored, as version 1")):
        master, slave = pty.openpty()
        os.write(master, f"{answer}\n".encode())
        done = subprocess.run(
            [sys.executable, "-c", "from mailer.cli import main; main()", "edition", "import", "letter.txt", *ADA],
            stdin=slave, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=60,
        )  # fmt: skip
        assert sign in done.stdout + done.stderr
        os.close(master)
        os.close(slave)


def test_nobody_is_asked_where_the_input_was_closed(stored: Housed, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("A letter\n\nDear friends,\n\nThe boat is back.\n")
    environment = {**os.environ, **{f"MAILER_{key.upper()}": value for key, value in stored.items()}}
    mailer = f'"{sys.executable}" -c "from mailer.cli import main; main()"'
    done = subprocess.run(
        ["/bin/sh", "-c", f"{mailer} edition import letter.txt --as Ada <&-"],
        capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "Nothing was stored" in done.stderr) == (0, True), done.stderr


def test_an_export_of_wordpress_lists_what_there_is_to_choose(run: Run, stored: Housed, tmp_path: Path) -> None:
    item = """<item><title>{title}</title><link>https://harbour.example/{id}</link>
      <content:encoded><![CDATA[<p>The tide came in at six, and nobody minded.</p>]]></content:encoded>
      <wp:post_id>{id}</wp:post_id><wp:post_date>2026-11-0{id} 09:00:00</wp:post_date>
      <wp:status>{status}</wp:status><wp:post_type>post</wp:post_type></item>"""
    items = (("First tide", 1, "publish"), ("Secret", 2, "draft"), ("Third tide", 3, "publish"))
    (tmp_path / "site.xml").write_text(
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Harbour</title>'
        "<language>en-GB</language><wp:wxr_version>1.2</wp:wxr_version>"
        + "".join(item.format(title=title, id=number, status=status) for title, number, status in items)
        + "</channel></rss>"
    )
    listed = run("edition", "import", "site.xml", *ADA, **stored)
    assert (listed.returncode, "--post" in listed.stderr) == (0, True), listed.stderr
    assert "First tide" in listed.stdout
    assert "Secret" not in listed.stdout
    done = run("edition", "import", "site.xml", "--post", "3", "--slug", "third", "--json", "--yes", *ADA, **stored)
    assert json.loads(done.stdout)["version"] == 1
    one_line(run("edition", "import", "site.xml", "--post", "2", *ADA, **stored), 1, "no such public post")


def test_what_cannot_be_taken_is_one_line_and_changes_nothing(run: Run, stored: Housed, tmp_path: Path) -> None:
    (tmp_path / "notes.xml").write_text(FEED)
    (tmp_path / "cut.xml").write_text(FEED[:300])
    (tmp_path / "big5.txt").write_bytes("各位街坊，我們的書艇今晚八時到。".encode("big5"))
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "bomb.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    shutil.copytree(LETTER, tmp_path / "bad")
    _rewrite(tmp_path / "bad" / "edition.yaml", "type: letter", "type: lettre")
    for words, code, sign in (
        (["nowhere"], 2, "no file or folder nowhere"),
        (["http://127.0.0.1/feed"], 1, "127.0.0.1"),
        (["cut.xml"], 1, "feed"),
        (["big5.txt"], 1, "Big5"),
        (["empty.txt"], 1, "no text"),
        (["bomb.zip"], 1, "no edition.yaml"),
        (["bad"], 1, "edition.yaml, line"),
        (["notes.xml", str(LETTER)], 2, "feeds"),
        ([str(LETTER), str(LETTER)], 2, "at a time"),
        (["notes.xml", "--slug", "No Slug"], 2, "No Slug"),
        ([str(LETTER), "--slug", "../no/slug"], 2, "../no/slug"),
        (["a" * 300], 2, "no file or folder"),
        (["notes.xml", "--newsletter", "other"], 1, "--newsletter"),
    ):
        one_line(run("edition", "import", *words, "--yes", *ADA, **stored), code, sign)
    assert [each["version"] for each in _versions(run, stored)] == [1]


def test_all_of_it_is_said_in_chinese_too(run: Run, stored: Housed, tmp_path: Path) -> None:
    chinese = stored | {"language": "zh_HK.UTF-8"}
    (tmp_path / "notes.xml").write_text(FEED)
    shown = run("edition", "import", "notes.xml", *ADA, **chinese)
    assert "尚未儲存" in shown.stderr
    assert "已解讀為blog-digest" in shown.stdout
    assert "儲存" in run("edition", "versions", "letter-2026-08", **chinese).stdout
    assert "還原" in run("edition", "restore", "letter-2026-08", "1", *ADA, **chinese).stdout
    one_line(run("edition", "import", "nowhere", *ADA, **chinese), 2, "找不到")


def test_without_an_installation_it_says_what_to_do(run: Run, tmp_path: Path) -> None:
    one_line(run("edition", "import", str(LETTER), *ADA, home=str(tmp_path / "none")), 1, "mailer init")
