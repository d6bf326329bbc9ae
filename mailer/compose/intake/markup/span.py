"""Words with their emphasis and links, written as Markdown that our parser reads back as just these words."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter

from mailer.compose.intake.notes import Notes
from mailer.compose.parsed import visible
from mailer.i18n import N_

_SPOILT = N_("Emphasis or code that Markdown cannot hold there was left out: %(words)s.")


@dataclass(frozen=True, slots=True)
class Style:
    """How words are set, and where they lead."""

    strong: bool = False
    em: bool = False
    code: bool = False
    href: str = ""

    def __or__(self, other: "Style") -> "Style":
        """Both together: an inner link, where there is one."""
        return Style(self.strong or other.strong, self.em or other.em, self.code or other.code, other.href or self.href)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of words in one style; a line end in it is a break of the line."""

    text: str
    style: Style


_ENTITY = r"&(?=#?\w+;)"
# What CommonMark takes for markup wherever it stands, as far as our parser reads it: no images, no references.
_INLINE = re.compile(rf"[\\`*]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|\](?=\()|<(?=[A-Za-z/!?])|{_ENTITY}")
# Where a line begins: headings, quotations, lists, rules and fences.
_BULLET = re.compile(r"(?:#{1,6}|[-+])(?=\s|$)|>|~(?=~~)|=+\s*$|-(?=[-\s]*$)")
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s|$)", re.ASCII)
_CLOSING = re.compile(r"(?<![\\#])#+$")
_TICKS = re.compile("`+")


def text_of(spans: Iterable[Span]) -> str:
    """The words alone."""
    return "".join(span.text for span in spans)


def paragraphs(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """The spans of each paragraph that has words: breaks that stand together divide, and none stands at an edge."""
    gathered: list[Span] = []
    breaks = 0
    for each in spans:
        for piece in re.split(r"(\n)", each.text):
            if piece == "\n":
                breaks += 1
            elif not piece.strip():
                gathered += [replace(each, text=piece)] if piece and gathered and not breaks else []
            else:
                if gathered and breaks > 1:
                    yield gathered
                    gathered = []
                elif gathered and breaks:
                    gathered.append(Span("\n", each.style if each.style == gathered[-1].style else Style()))
                gathered.append(replace(each, text=piece))
                breaks = 0
    if gathered:
        yield gathered


def paragraph(spans: Sequence[Span], notes: Notes) -> str:
    """A paragraph; where emphasis would spoil its words, the words and their links without it, and that is noted."""
    words = text_of(spans)
    linked = [Span(each.text, Style(href=each.style.href)) for each in spans]
    for written in (_lines(_styled(spans)), _lines(_styled(linked)), _lines(_escaped(words))):
        if _bare(visible(written)) == _bare(words):
            return written
        notes.add(_SPOILT, words)
    return _lines(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", words))


def heading(level: int, spans: Sequence[Span], notes: Notes) -> str:
    """A heading of ``level`` 1 to 6 on one line."""
    words = [Span(span.text.replace("\n", " "), Style(em=span.style.em, href=span.style.href)) for span in spans]
    written = _CLOSING.sub(lambda marks: f"\\{marks[0]}", paragraph(words, notes))
    return f"{'#' * level} {written}"


def _bare(words: str) -> str:
    """Words to compare: how white space is laid out is no part of them."""
    return "".join(unicodedata.normalize("NFC", words).split())


def _lines(written: str) -> str:
    """Each line with nothing at its beginning that makes it more than words, the line ends as hard breaks."""
    lines = (line.strip(" \t") for line in written.split("\n"))
    return "\\\n".join(_NUMBER.sub(r"\1\\\2", line, 1) if _NUMBER.match(line) else _begun(line) for line in lines)


def _begun(line: str) -> str:
    return f"\\{line}" if _BULLET.match(line) else line


def _escaped(words: str, *, linked: bool = False) -> str:
    escaped = _INLINE.sub(r"\\\g<0>", words)
    return re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", escaped) if linked else escaped


def _styled(spans: Sequence[Span], kinds: Sequence[str] = ("href", "strong", "em"), *, linked: bool = False) -> str:
    """Marks round marks: at each place that which holds for longest goes outside."""
    written, at = "", 0
    while at < len(spans):
        holding = {kind: _run(spans, at, kind) for kind in kinds if getattr(spans[at].style, kind)}
        if not holding:
            end = next((n for n in range(at, len(spans)) if any(getattr(spans[n].style, k) for k in kinds)), len(spans))
            written += _plain(spans[at:end], linked=linked)
        else:
            kind = max(holding, key=lambda each: holding[each])
            end = holding[kind]
            inner = _styled(spans[at:end], [k for k in kinds if k != kind], linked=linked or kind == "href")
            written += _marked(inner, kind, spans[at].style.href)
        at = end
    return written


def _run(spans: Sequence[Span], at: int, kind: str) -> int:
    """Where the style that a span has ends."""
    value = getattr(spans[at].style, kind)
    return next((n for n in range(at, len(spans)) if getattr(spans[n].style, kind) != value), len(spans))


def _plain(spans: Iterable[Span], *, linked: bool) -> str:
    return "".join(
        _code(text_of(run)) if code else _escaped(text_of(run), linked=linked)
        for code, run in groupby(spans, key=attrgetter("style.code"))
    )


def _marked(text: str, kind: str, href: str) -> str:
    before, inside, after = _apart(text)
    if not inside:
        return text
    match kind:
        case "href":
            return f"{before}[{inside}]({href}){after}"
        case "strong":
            return f"{before}**{inside}**{after}"
        case _:
            return f"{before}*{inside}*{after}"


def _code(text: str) -> str:
    before, inside, after = _apart(text.replace("\n", " "))
    fence = "`" * (max(map(len, _TICKS.findall(inside)), default=0) + 1)
    blank = " " if inside[:1] == "`" or inside[-1:] == "`" else ""
    return f"{before}{fence}{blank}{inside}{blank}{fence}{after}" if inside else text


def _apart(text: str) -> tuple[str, str, str]:
    """The white space before, the words, the white space behind: marks hold only where they touch words."""
    inside = text.strip()
    start = text.find(inside)
    return (text[:start], inside, text[start + len(inside) :]) if inside else (text, "", "")
