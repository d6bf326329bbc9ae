"""A plain text as people lay it out: which short lines are its title, a heading, a greeting, a signature."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, takewhile

from mailer.chinese import width
from mailer.compose.intake.day import is_dateline
from mailer.compose.intake.notes import Notes
from mailer.compose.intake.text.written import Paragraph, is_item
from mailer.i18n import N_

_TITLE = N_("The first line was taken for the title: %(words)s.")
_HEADLINE = N_("The line below the title was taken for the headline of the letter: %(words)s.")
_HEADINGS = N_("Short lines between blank ones were taken for headings: %(words)s.")
_GREETING = N_("The greeting was left out, since each reader is greeted by name: %(words)s.")
_SIGNATURE = N_("These lines were taken for a signature: %(words)s.")
_CLOSING = N_("This was taken for the words that close a letter: %(words)s.")
_UNSURE = N_("Short lines may be headings or signatures, and were left in the text: %(words)s.")
_RESIDUE = N_("What a web page has below its text was left out: %(words)s.")
_MINUTES = N_("How long it takes to read is reckoned anew, so this line was left out: %(words)s.")

_WIDEST = 80
"""Columns of a short line."""
_MOST_LINES, _MOST_SIGNATURE = 4, 3
_MOST_LOOKED_AT = 200
_SENTENCE = re.compile("[.。；;：:…]$")
_NO_HEADING = re.compile("[,，、!！]$")
_HELLO = re.compile(
    r"(?:dear|hello|hi|greetings)\b.*|(?:親愛|敬愛|亲爱|敬爱|各位|致).*[：:，,！!]|.*[你您家]好[：:，,！!]?",
    re.IGNORECASE,
)
_FAREWELL = re.compile(
    r".*[,，]|(?:yours|best|kind|warm|with|in) .*|(?:sincerely|regards|thanks)"
    r"|.*(?:此致|敬禮|敬祝|敬上|謹啟|謹上|順祝|祝好|平安|安好)",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"leave a (?:reply|comment)|your email address will not be published.*|share this:?|related(?: posts)?"
    r"|(?:發佈|發表|留下)(?:留言|迴響|評論|回覆).*|.*電郵地址不會.*公開.*|.*電子郵件地址不會.*公開.*|分享此文：?",
    re.IGNORECASE,
)
_READING = re.compile(
    r"\d{1,3} ?-?min(?:ute)?s?(?: read)?|(?:約|閱讀時間[：:]?)? ?\d{1,3} ?分鐘(?:閱讀)?", re.IGNORECASE
)
_FIRST = 3
"""Paragraphs among which a letter greets."""
_LAST = 8
"""Paragraphs from the end in which a page's own words are looked for."""


@dataclass(slots=True)
class Section:
    """What stands under one heading; the text in front of the first has none."""

    title: str = ""
    standfirst: str = ""
    paragraphs: list[Paragraph] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """A text and its parts, each as it was typed; ``signature`` is of the letter, ``closing`` and ``names`` end all."""

    title: str = ""
    headline: str = ""
    signature: Sequence[str] = ()
    closing: str = ""
    names: Sequence[str] = ()
    letter: Section = field(default_factory=Section)
    sections: list[Section] = field(default_factory=list)


def outline(text: str, notes: Notes) -> Outline:
    """The parts of a plain text; what was taken for what goes into ``notes``."""
    paragraphs = list(_paragraphs(text, notes))
    runs = [(short, list(run)) for short, run in groupby(paragraphs, _is_short)]
    found = Outline()
    if len(paragraphs) <= 1:
        found.letter.paragraphs += paragraphs
        return found
    if runs[0][0]:
        _open(runs.pop(0)[1], found, notes)
    last = runs.pop()[1] if runs and runs[-1][0] else []
    for short, run in runs:
        if short:
            _between(run, found, notes)
        else:
            _here(found).paragraphs += run
    _close(last, found, notes)
    return found


def _paragraphs(text: str, notes: Notes) -> Iterator[Paragraph]:
    """The lines between blank ones, without what only a web page needs."""
    lines = [line.rstrip() for line in text.expandtabs().splitlines()]
    found = [list(run) for filled, run in groupby(lines, bool) if filled]
    first = max(0, len(found) - _LAST)
    end = next((n for n in range(first, len(found)) if n and _BELOW.fullmatch(_start(found[n]))), len(found))
    for paragraph in found[end:]:
        notes.add(_RESIDUE, " ".join(paragraph))
    for number, paragraph in enumerate(found[:end]):
        if number and len(paragraph) == 1 and _READING.fullmatch(_start(paragraph)):
            notes.add(_MINUTES, paragraph[0])
            continue
        if _greets(paragraph) and number < _FIRST and number + 1 < end:
            notes.add(_GREETING, paragraph[0])
            continue
        yield paragraph


def _start(paragraph: Paragraph) -> str:
    """As much of its first line as needs to be looked at."""
    return paragraph[0].strip()[:_MOST_LOOKED_AT]


def _greets(paragraph: Paragraph) -> bool:
    return len(paragraph) == 1 and width(paragraph[0]) <= _WIDEST and _HELLO.fullmatch(_start(paragraph)) is not None


def _is_short(paragraph: Paragraph) -> bool:
    """Whether it may be a heading or a signature: a few short lines that are no sentences and no list."""
    if len(paragraph) > _MOST_LINES or _greets(paragraph):
        return False
    return not any(width(line.strip()) > _WIDEST or _SENTENCE.search(line) or is_item(line) for line in paragraph)


def _is_heading(paragraph: Paragraph) -> bool:
    """Whether it may be a heading, perhaps with a second line below it."""
    return len(paragraph) in {1, 2} and not any(map(_NO_HEADING.search, paragraph))


def _lines(paragraphs: Sequence[Paragraph]) -> list[str]:
    return [line.strip() for paragraph in paragraphs for line in paragraph]


def _here(found: Outline) -> Section:
    """Where what comes next belongs."""
    return found.sections[-1] if found.sections else found.letter


def _open(run: Sequence[Paragraph], found: Outline, notes: Notes) -> None:
    """The short lines that a text begins with."""
    found.title, *rest = _lines(run)
    notes.add(_TITLE, found.title)
    if rest:
        found.headline, *rest = rest
        notes.add(_HEADLINE, found.headline)
    found.letter.paragraphs += [[line] for line in rest]
    for line in rest:
        notes.add(_UNSURE, line)


def _between(run: list[Paragraph], found: Outline, notes: Notes) -> None:
    """The short lines between two stretches of text: a heading, and what signs the letter in front of it."""
    heading = run.pop() if _is_heading(run[-1]) else None
    before = _lines(run)
    if heading and not found.sections and before and len(before) <= _MOST_SIGNATURE:
        found.signature = before
        notes.add(_SIGNATURE, " / ".join(before))
    else:
        _here(found).paragraphs += run
        for line in before:
            notes.add(_UNSURE, line)
    if heading:
        title, *below = _lines([heading])
        found.sections.append(Section(title, below[0] if below else ""))
        notes.add(_HEADINGS, title)


def _close(run: Sequence[Paragraph], found: Outline, notes: Notes) -> None:
    """The short lines that a text ends with."""
    lines = _lines(run)
    closing = list(takewhile(_FAREWELL.fullmatch, lines[:-1]))
    names = [line for line in lines[len(closing) :] if not is_dateline(line)]
    if not names or len(names) > _MOST_SIGNATURE:
        _here(found).paragraphs += run
        for line in lines:
            notes.add(_UNSURE, line)
        return
    _here(found).paragraphs += [[line] for line in lines if is_dateline(line)]
    found.closing, found.names = " ".join(closing), names
    notes.add(_SIGNATURE, " / ".join(names))
    if closing:
        notes.add(_CLOSING, found.closing)
