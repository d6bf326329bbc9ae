"""Folders that somebody damaged: read, or refused in one sentence; nothing else ever happens."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.compose.check import findings
from mailer.compose.edition import build
from mailer.compose.folder import read
from mailer.compose.glossary import read as read_glossary
from mailer.demo import organisation
from mailer.errors import InvalidError
from mailer.render.preview import stand_in
from tests.mould import SAMPLE

GLOSSARY = Path(organisation.__file__).with_name("glossary.csv")
FILES = ("edition.yaml", "zh-Hant-HK.md", "en-GB.md")
_MARKS = (
    "---",
    "\n",
    ":",
    "[",
    "]",
    "{",
    "}",
    "&a",
    "*a",
    "|",
    ">",
    "'",
    '"',
    "\t",
    "#",
    "%",
    "1e999",
    "<<:",
    ": ",
    "- ",
    "? ",
)
_CHARACTERS = ("\0", "\r", "\x85", "\u2028", "\ue000", "\uffff", "餘", "𨋢", "\\x00", '"\\ud800"')
_LINES = ("<!-- ", " -->", "<!-- # ", "<!-- letter.body -->", "id: letter", "9" * 400, "%YAML 1.1", "!!python/object:a")
PIECES = st.one_of(st.sampled_from((*_MARKS, *_CHARACTERS, *_LINES)), st.text(max_size=8))


@given(
    name=st.sampled_from(FILES),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), PIECES), min_size=1, max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_a_damaged_edition_is_read_or_refused(name: str, cuts: list[tuple[float, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "edition"
        shutil.copytree(SAMPLE, folder)
        (folder / name).write_bytes(_damaged((folder / name).read_text(), cuts))
        assert "\n" not in _refusal(_checked, folder)


@given(cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), PIECES), min_size=1, max_size=3))
@settings(deadline=None)
def test_a_damaged_glossary_is_read_or_refused(cuts: list[tuple[float, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "glossary.csv"
        path.write_bytes(_damaged(GLOSSARY.read_text(), cuts))
        assert "\n" not in _refusal(read_glossary, path)


def _checked(folder: Path) -> None:
    draft = read(folder)
    assert all(found.say(str) for found in findings(build(stand_in(draft, []), draft, "")))


def _refusal(act: Callable[[Path], object], path: Path) -> str:
    """The sentence with which a path was refused, if it was."""
    try:
        act(path)
    except InvalidError as error:
        return str(error)
    return ""


def _damaged(text: str, cuts: list[tuple[float, int, str]]) -> bytes:
    for where, length, piece in cuts:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    return text.encode("utf-8", "surrogatepass")
