"""An edition goes out as a folder and comes back without loss."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailer.compose import draft as drafts
from mailer.compose import glossary
from mailer.compose.draft import Draft
from mailer.compose.edition import build
from mailer.compose.export import files, write, write_file
from mailer.compose.folder import read
from mailer.errors import RefusedError
from mailer.i18n import EN, ZH
from mailer.render.preview import stand_in
from tests.compose.conftest import block, made
from tests.mould import SAMPLE

EDITIONS = SAMPLE.parent
SAMPLES = sorted(path.name for path in EDITIONS.iterdir() if path.is_dir())


def _stored(draft: Draft) -> Draft:
    """A draft as it comes out of an edition that was made of it."""
    return drafts.of(build(stand_in(draft, []), draft, "author"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_exported_imported_and_exported_again_every_octet_is_the_same(sample: str, tmp_path: Path) -> None:
    terms = glossary.read(EDITIONS.parent / "glossary.csv")
    once = files(_stored(read(EDITIONS / sample)), terms)
    write(tmp_path / "out", once)
    again = files(_stored(read(tmp_path / "out")), glossary.read(tmp_path / "out" / "glossary.csv"))
    assert again == once
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"edition.yaml", "translations.json", "glossary.csv"}


def test_every_kind_of_text_comes_back_as_it_was(tmp_path: Path) -> None:
    draft = _stored(read(SAMPLE))
    letter = draft.block("letter")
    assert letter
    hard = "    code\n\n---\n\n- a\n\n  b  \n\n# no: yes\n\n\\<!-- no marker -->\n\n「引號」"
    letter.texts["en-GB"]["body"] = hard
    front = draft.block("front")
    assert front
    for subject in ('a "b" \\ c: # d', "off", "012", "- x", "'", "𠮷: 甲", "{a}", "~", "\U0001f600"):
        front.texts["en-GB"]["subject"] = subject
        write(tmp_path / subject.encode().hex(), files(draft))
        again = read(tmp_path / subject.encode().hex())
        assert again.block("front") == front
        assert again.block("letter") == letter


# What YAML, Markdown, JSON and the folder itself take for marks, and what looks alike or like nothing.
_MARKS = [
    "---",
    "x<!--",
    "-->",
    "#",
    ":",
    "-",
    '"',
    "'",
    "\\",
    "\\n",
    "%(x)s",
    "{",
    "]",
    "&a",
    "*a",
    "!",
    "|",
    ">",
    "`",
]
_LETTERS = [
    "off",
    "012",
    "~",
    "\n",
    "\n\n",
    "\t",
    " ",
    "é",
    "e\u0301",
    "甲",
    "\uf900",
    "𠮷",
    "\U0001f600",
    "\ufeff",
    "\u200b",
    "\xa0",
]
_PIECES = st.sampled_from([*_MARKS, *_LETTERS, ": ", "- "])
_TEXTS = st.lists(_PIECES, min_size=1, max_size=9).map("".join)


@settings(deadline=None, max_examples=60)
@given(body=_TEXTS, subject=_TEXTS, name=_TEXTS)
def test_whatever_a_field_takes_comes_back_octet_for_octet(body: str, subject: str, name: str) -> None:
    texts = {ZH: {"body": body.strip("\n")}, EN: {"body": "x"}}
    front = {tag: {"subject": subject.replace("\n", "").strip()} for tag in (ZH, EN)}
    assume(texts[ZH]["body"].strip() and front[ZH]["subject"])
    links = {"links": [{"name": name[:40], "url": "https://harbour.example/"}]}
    once = files(drafts.of(made(block("letter", "letter", texts), block("social", "social", {}, links), front=front)))
    with TemporaryDirectory() as place:
        write(Path(place) / "out", once)
        assert files(_stored(read(Path(place) / "out"))) == once


def test_a_language_in_which_nothing_is_written_yet_comes_back(tmp_path: Path) -> None:
    draft = read(SAMPLE).model_copy(update={"locales": ["zh-Hant-HK", "en-GB", "fr"]})
    once = files(_stored(draft))
    write(tmp_path / "out", once)
    assert files(_stored(read(tmp_path / "out"))) == once


def test_what_translations_were_made_from_may_be_long(tmp_path: Path) -> None:
    draft = _stored(read(SAMPLE))
    for each in draft.progress["en-GB"].values():
        each.previous_source = {"body": "x" * 20_000}
    once = files(draft)
    assert len(once["translations.json"]) > 250_000
    write(tmp_path / "out", once)
    assert files(_stored(read(tmp_path / "out"))) == once


def test_a_folder_in_use_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(RefusedError, match="in use"):
        write(tmp_path, {})


@contextmanager
def _room(octets: int) -> Iterator[None]:
    """A disk on which no file may grow larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("there", [[], ["out"]], ids=["new", "empty"])
def test_a_full_disk_leaves_no_half_folder(tmp_path: Path, there: list[str]) -> None:
    folder = tmp_path / "out"
    for name in there:
        (tmp_path / name).mkdir()
    contents = files(read(SAMPLE))
    # Some of it would fit.
    with _room(len(contents["edition.yaml"])), pytest.raises(RefusedError, match="out cannot be written"):
        write(folder, contents)
    assert list(tmp_path.rglob("*")) == [tmp_path / name for name in there]


def test_a_file_is_new_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "edition.zip"
    with _room(2), pytest.raises(RefusedError, match="cannot be written"):
        write_file(path, b"mine")
    assert not path.exists()
    write_file(path, b"mine")
    with pytest.raises(RefusedError, match="there already"):
        write_file(path, b"yours")
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("put", [lambda path: write(path, {}), lambda path: write_file(path, b"")])
def test_a_name_that_no_file_can_have_is_said(tmp_path: Path, put: Callable[[Path], None]) -> None:
    with pytest.raises(RefusedError, match="cannot be written"):
        put(tmp_path / ("a" * 300))
