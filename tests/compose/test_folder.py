import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.compose.blocks import TYPES
from mailer.compose.folder import read
from mailer.compose.parsed import canonical
from mailer.errors import InvalidError
from tests.mould import SAMPLE

Change = Callable[[str, str, str], Path]


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """The sample with one piece of one file replaced."""
    folder = tmp_path / "edition"
    shutil.copytree(SAMPLE, folder)

    def replace(name: str, old: str, new: str) -> Path:
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return folder

    return replace


def test_the_sample_is_whole_in_both_languages() -> None:
    draft = read(SAMPLE)
    for block in draft.blocks:
        wanted = {name for name, must in TYPES[block.type].fields(block.data).items() if must.must}
        for locale in draft.locales:
            assert wanted <= set(block.texts.get(locale, {}))


def test_texts_keep_their_paragraphs_and_lines_lose_their_blanks(change: Change) -> None:
    folder = change(
        "en-GB.md", "<!-- share.body -->\n", "<!-- share.body -->\n\n  one\n\ntwo  \n\n<!-- social.intro -->\n x \n"
    )
    path = folder / "en-GB.md"
    text = path.read_text()
    start = text.index("\n x \n") + 5
    path.write_text(text[:start] + text[text.index("<!-- ", text.index("<!-- social.intro", start) + 5) :])
    blocks = {block.key: block.texts["en-GB"] for block in read(folder).blocks if "en-GB" in block.texts}
    assert blocks["share"]["body"] == "  one\n\ntwo  "
    assert blocks["social"]["intro"] == "x"


def test_front_matter_stays_what_was_typed(change: Change) -> None:
    folder = change("en-GB.md", "---\n", "---\nreading_time: 012\n".replace("012", "12"))
    front = read(folder).blocks[0].texts["en-GB"]
    assert front["reading_time"] == "12"
    for typed in ("off", "19:45", "0x1F", "null", "2026-12-01"):
        text = (SAMPLE / "en-GB.md").read_text().split("\n")
        at = next(n for n, line in enumerate(text) if line.startswith("title:"))
        (folder / "en-GB.md").write_text("\n".join([*text[:at], f"title: {typed}", *text[at + 1 :]]))
        assert read(folder).blocks[0].texts["en-GB"]["title"] == typed


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(change: Change) -> None:
    folder = change("en-GB.md", "---", "---")
    path = folder / "en-GB.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read(folder) == read(SAMPLE)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("edition.yaml", "kind: yearly", "kind: weekly", "line 3"),
        ("edition.yaml", "2027-01", "January 2027", "YYYY-MM"),
        ("edition.yaml", "value: 128", "value: about 128", "digits"),
        ("edition.yaml", "type: letter", "type: lettre", "unknown type 'lettre'"),
        ("edition.yaml", "type: letter", "type: front", "unknown type"),
        ("edition.yaml", "id: letter", "id: masthead", "same id"),
        ("edition.yaml", "https://", "javascript:", "https://"),
        ("edition.yaml", "slug: ", "slug: ../../", "slug"),
        ("edition.yaml", "kind: yearly", "\tkind: yearly", "spaces"),
        ("edition.yaml", "kind: yearly", "kind: yearly\nkind: issue", "twice"),
        ("edition.yaml", "kind: yearly", "colour: red\nkind: yearly", "no such key"),
        ("edition.yaml", "type: letter", "type: letter, fallback: omit", "required: no"),
        ("edition.yaml", "type: letter", "type: letter, required: yes, fallback: omit", "required: no"),
        ("edition.yaml", "kind: yearly", "kind: &a yearly\npolicy: *a", "aliases"),
        ("en-GB.md", "<!-- share.body -->", "<!-- share body -->", "write a marker"),
        ("en-GB.md", "<!-- share.body -->", "<!-- Share.body -->", "write a marker"),
        ("en-GB.md", "<!-- share.body -->", "<!-- shares.body -->", "no block shares"),
        ("en-GB.md", "<!-- share.body -->", "<!-- share.text -->", "no field text"),
        ("en-GB.md", "<!-- share.body -->", "<!-- letter.body -->", "twice"),
        ("en-GB.md", "title: ", "title: a\ntitle: ", "twice"),
        ("en-GB.md", "title: ", "title: a: ", "quotes"),
        ("en-GB.md", "title: ", "reading_time: 3 mins\ntitle: ", "whole number"),
        ("en-GB.md", "<!-- masthead.strapline -->\n", "<!-- masthead.strapline -->\na\n", "single line"),
    ],
)
def test_a_mistake_is_named_with_its_file(change: Change, name: str, old: str, new: str, says: str) -> None:
    folder = change(name, old, new)
    with pytest.raises(InvalidError, match=rf"{name}, line \d+: ") as error:
        read(folder)
    assert says in str(error.value)


def test_the_line_is_the_mistakes_own(change: Change) -> None:
    folder = change("edition.yaml", "value: 128", "value: about 128")
    line = 1 + (folder / "edition.yaml").read_text().split("about 128")[0].count("\n")
    with pytest.raises(InvalidError, match=f"line {line}: "):
        read(folder)


def test_big5_and_endless_files_are_refused(change: Change) -> None:
    folder = change("zh-Hant-HK.md", "---", "---")
    path = folder / "zh-Hant-HK.md"
    path.write_bytes("---\ntitle: 潮信\n---\n".encode("big5"))
    with pytest.raises(InvalidError, match="UTF-8"):
        read(folder)
    path.write_bytes(b"a" * 3_000_000)
    with pytest.raises(InvalidError, match="longer than"):
        read(folder)


def test_levels_without_end_are_refused(change: Change) -> None:
    folder = change("edition.yaml", "kind: yearly", "kind: " + "[" * 5000)
    with pytest.raises(InvalidError):
        read(folder)


def _title(change: Change, front: str) -> str:
    """The title that a front matter with this line for it gives."""
    folder = change("en-GB.md", "title: ", "was: ")
    path = folder / "en-GB.md"
    lines = path.read_text().split("\n")
    lines[next(n for n, line in enumerate(lines) if line.startswith("was: "))] = front
    path.write_text("\n".join(lines))
    return read(folder).blocks[0].texts["en-GB"]["title"]


@pytest.mark.parametrize(
    "typed", ["off", "no", "yes", "~", "19:45", "012", "1e3", "0x1F", "null", "2026-12-01", ".5", "潮：汐"]
)
def test_row_front_matter_values_are_strings(change: Change, typed: str) -> None:
    assert _title(change, f"title: {typed}") == typed


def test_row_front_matter_with_a_colon_says_what_to_do(change: Change) -> None:
    with pytest.raises(InvalidError, match=r"en-GB\.md, line \d+: put a value that holds a colon in quotes"):
        _title(change, "title: 甲: 乙")


def test_row_front_matter_in_quotes_may_hold_a_colon(change: Change) -> None:
    assert _title(change, 'title: "甲: 乙"') == "甲: 乙"


@pytest.mark.parametrize(
    ("character", "says"),
    [("\ue000", "private-use"), ("\uffff", "U\\+FFFF"), ("\x1b", "control"), ("\u202e", "U\\+202E"), ("\0", "control")],
)
@pytest.mark.parametrize(
    ("name", "place"), [("en-GB.md", "<!-- share.body -->\n"), ("en-GB.md", "title: "), ("edition.yaml", "name: ")]
)
def test_what_may_not_stand_in_a_text_is_named_with_its_line(
    change: Change, name: str, place: str, character: str, says: str
) -> None:
    folder = change(name, place, place + character)
    line = 1 + (folder / name).read_text().split(character)[0].count("\n")
    with pytest.raises(InvalidError, match=rf"^{name}, line {line}: .*{says}"):
        read(folder)


@pytest.mark.parametrize("escape", ["\\u0007", "\\ue000", "\\uffff", "\\u202e"])
def test_escapes_make_no_difference(change: Change, escape: str) -> None:
    with pytest.raises(InvalidError, match=r"en-GB\.md, line \d+: "):
        _title(change, f'title: "a{escape}"')


def _progress(change: Change, content: str) -> Path:
    folder = change("en-GB.md", "---", "---")
    (folder / "translations.json").write_text(content)
    return folder


def test_how_far_a_translation_has_come_is_read(change: Change) -> None:
    draft = read(_progress(change, '{"en-GB": {"share": {"status": "reviewed", "by": "Ada", "reviewed_by": "Bo"}}}'))
    (progress,) = draft.progress["en-GB"].values()
    assert (progress.status.value, progress.by, progress.reviewed_by) == ("reviewed", "Ada", "Bo")


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ('{\n"en-GB": {\n"share": }}', 3, "value"),
        ("[]", 1, "it is not"),
        ('{"en-GB": []}', 1, "it is not"),
        ('{"en-GB":\n {"shares": {}}}', 2, "no block shares"),
        ('{"fr-FR":\n {"share": {}}}', 2, "no fr-FR"),
        (
            '{"en-GB":\n {"letter": {},\n "share": {"status": "perfect"}}}',
            3,
            "share.status: it must be one of",
        ),
        ('{"en-GB":\n {"share": {"source_hash": "abc"}}}', 2, "source_hash"),
        ('{"en-GB":\n {"share": {"colour": "red"}}}', 2, "colour"),
        ('{"en-GB":\n {"share": []}}', 2, "share"),
        ('{"en-GB":\n {"share": {"by": "A\\u0000da"}}}', 2, "control character"),
        ('{"en-GB":\n {"share": {"previous_source": {"body": "\\ue000"}}}}', 2, "private-use"),
        ('{"en-GB":\n {"share": {"by": "\\ud800"}}}', 2, "by"),
        ('{"en-GB":\n {"share": {"at": "2027-01-31T10:00:00"}}}', 2, "at: write the moment in UTC"),
        ('{"en-GB":\n {"share": {"at": "9999-12-31T23:59:59-14:00"}}}', 2, "at: write the moment in UTC"),
        ('{"en-GB":\n {"share": {"at": "0001-01-01T00:00:00+14:00"}}}', 2, "at: write the moment in UTC"),
        ("[" * 100_000, 1, "too many levels"),
        ('{"en-GB": ' + "9" * 5000 + "}", 1, "too many"),
    ],
)
def test_a_mistake_in_the_translations_is_named_with_its_line(
    change: Change, content: str, line: int, says: str
) -> None:
    with pytest.raises(InvalidError, match=rf"^translations\.json, line {line}: .*{says}"):
        read(_progress(change, content))


@pytest.mark.parametrize("typed", [">" * 10_000 + " a", "- " * 5_000 + "a", "[" * 9_000, "*" * 9_999])
def test_endless_nesting_in_a_text_is_read_in_no_time_and_does_no_harm(change: Change, typed: str) -> None:
    folder = change("en-GB.md", "<!-- share.body -->\n", f"<!-- share.body -->\n{typed}\n\n")
    share = next(block for block in read(folder).blocks if block.key == "share")
    assert typed in share.texts["en-GB"]["body"]
    assert canonical(share.texts["en-GB"]["body"])
