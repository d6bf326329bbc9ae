"""The six templates and their skeletons: refused as they are, whole once they are filled in."""

import re
from pathlib import Path

import pytest

from mailer.compose.blocks import FRONT, TYPES
from mailer.compose.check import Severity, findings
from mailer.compose.draft import Draft
from mailer.compose.edition import build
from mailer.compose.folder import read
from mailer.compose.template import TEMPLATES, create
from mailer.errors import InvalidError, MailerError, RefusedError, WrongUsageError
from mailer.i18n import EN, ZH, translator
from mailer.model import Edition, Layout
from mailer.render.preview import preview, ready, stand_in

VALUES = {
    "url": "https://x.example/",
    "source_url": "https://x.example/1",
    "published": "2026-12-01",
    "start": "2027-01-05 18:30",
    "end": "2027-01-05 20:00",
    "tz": "Asia/Hong_Kong",
    "month": "2027-02",
    "value": "1906",
    "name": "Pierside",
}
WORDS = {ZH: "潮水退了", EN: "The tide is out", "fil-PH": "Kati na", "id-ID": "Air surut"}


def fill(folder: Path) -> Path:
    """Each empty place of a skeleton, filled."""
    path = folder / "edition.yaml"
    path.write_text(re.sub(r"(\w+): +#.*", lambda key: f'{key[1]}: "{VALUES.get(key[1], "")}"', _spine(path)))
    for text in folder.glob("*.md"):
        words = WORDS[text.stem]
        front, _, body = text.read_text().removeprefix("---\n").partition("---\n")
        front = re.sub(r"^(subject|title):.*$", rf"\1: {words}", front, flags=re.MULTILINE)
        front = re.sub(r"^preheader:.*$", f"preheader: {words * 5}", front, flags=re.MULTILINE)
        text.write_text(f"---\n{front}---\n" + re.sub(r"(<!-- [a-z].* -->\n)(?!<!-- #)", rf"\1{words}\n", body))
    return folder


def _spine(path: Path) -> str:
    # What stands behind a # at the start of a line is optional, and behind a filled value a hint.
    return "\n".join(line for line in path.read_text().split("\n") if not line.lstrip().startswith("#"))


def _edition(draft: Draft) -> Edition:
    return build(stand_in(draft, []), draft, "")


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "plain-letter"])
def test_an_unfilled_skeleton_is_refused(tmp_path: Path, name: str) -> None:
    create(name, tmp_path / "edition", [ZH, EN], None)
    with pytest.raises(InvalidError, match=r"edition\.yaml, line \d+: "):
        read(tmp_path / "edition")


def test_an_unfilled_letter_lacks_all_its_texts(tmp_path: Path) -> None:
    create("plain-letter", tmp_path / "edition", [ZH, EN], None)
    edition = _edition(read(tmp_path / "edition"))
    errors = {(found.block, found.locale) for found in findings(edition) if found.severity is Severity.ERROR}
    assert errors == {(FRONT, ZH), (FRONT, EN), ("letter", ZH), ("letter", EN)}
    assert ready(edition) == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_filled_skeleton_is_whole(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "edition"
    create(name, folder, [ZH, EN, "fil-PH", "id-ID"], "tide-2027", translator(ZH))
    draft = read(fill(folder))
    assert (draft.slug, draft.kind, draft.template) == ("tide-2027", TEMPLATES[name].kind, name)
    assert (draft.source_locale, draft.locales) == (ZH, [ZH, EN, "fil-PH", "id-ID"])
    edition = _edition(draft)
    assert [found.say(str) for found in findings(edition) if found.severity is Severity.ERROR] == []
    assert len(ready(edition)) == 4 + 4 * 3
    for mode in (ZH, f"{ZH}+{EN}", "fil-PH+id-ID"):
        shown = preview(edition, mode, str)
        assert all(WORDS[tag] in shown.html and WORDS[tag] in shown.text for tag in mode.split("+"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_skeleton_s_blocks_are_all_known_and_end_with_the_way_out(name: str) -> None:
    blocks = TEMPLATES[name].blocks
    assert {piece.type for piece in blocks} <= set(TYPES)
    assert (blocks[0].type, blocks[-1].type) == ("masthead", "footer")
    assert len({piece.key for piece in blocks}) == len(blocks)


def test_short_alerts_are_interleaved() -> None:
    assert [name for name, each in TEMPLATES.items() if each.layout is Layout.INTERLEAVED] == ["action-alert"]


def test_a_skeleton_s_hints_are_no_texts(tmp_path: Path) -> None:
    create("plain-letter", tmp_path / "letter", [EN], None)
    filled = read(fill(tmp_path / "letter"))
    assert {block.key: block.texts.get(EN) for block in filled.blocks}["letter"] == {"body": WORDS[EN]}


@pytest.mark.parametrize(
    ("name", "locales", "slug", "error", "says"),
    [
        ("weekly", [ZH], None, WrongUsageError, "yearly-wrap-up, monthly-newsletter, blog-digest, action-alert"),
        ("plain-letter", ["english"], None, WrongUsageError, "english"),
        ("plain-letter", [""], None, WrongUsageError, "en-GB"),
        ("plain-letter", ["zh-Hans"], None, WrongUsageError, "zh-Hans"),
        ("plain-letter", [ZH, ZH], None, WrongUsageError, "each once"),
        ("plain-letter", [ZH], "Ärger", WrongUsageError, "--slug"),
        ("plain-letter", [ZH], "../x", WrongUsageError, "--slug"),
        ("plain-letter", [ZH], "", WrongUsageError, "--slug"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(
    tmp_path: Path, name: str, locales: list[str], slug: str | None, error: type[MailerError], says: str
) -> None:
    with pytest.raises(error, match=re.escape(says)):
        create(name, tmp_path / "edition", locales, slug)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_in_use_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RefusedError, match="empty or new"):
        create("plain-letter", tmp_path, [ZH], "letter")
    (tmp_path / "file").touch()
    with pytest.raises(RefusedError, match="empty or new"):
        create("plain-letter", tmp_path / "file", [ZH], None)
    with pytest.raises(RefusedError, match="cannot be written"):
        create("plain-letter", tmp_path / "notes.txt" / "letter", [ZH], None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "notes.txt"]


def test_an_edition_of_another_template_is_refused_naming_the_six(tmp_path: Path) -> None:
    create("plain-letter", tmp_path / "letter", [EN], None)
    path = fill(tmp_path / "letter") / "edition.yaml"
    path.write_text(path.read_text().replace("plain-letter", "weekly"))
    with pytest.raises(InvalidError, match=r"edition\.yaml, line \d: .*'weekly'.*plain-letter"):
        read(tmp_path / "letter")
