"""HTML as Markdown of our kind: words, headings, lists, quotations, emphasis and links; what else it had is said.

Nothing of a page can run or be fetched afterwards: there is no raw HTML in the Markdown, and a link leads
to http, https or mailto or becomes words alone. Pictures are named apart, for the importer to fetch.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import html

from mailer.characters import sift
from mailer.chinese import WIDE, has_han
from mailer.compose.intake.markup import shortcode, span, vocabulary
from mailer.compose.intake.markup.link import Links
from mailer.compose.intake.markup.span import Span, Style
from mailer.compose.intake.markup.tree import parse, tidy
from mailer.compose.intake.notes import Notes
from mailer.compose.intake.proposal import Oddity
from mailer.compose.parsed import line
from mailer.errors import InvalidError
from mailer.i18n import N_

TITLE_AGAIN = N_(
    "The title stands in the text again, as it does where a page breaks; it was taken out there: %(words)s."
)
_EMBEDDED = N_("Embedded parts were left out, since a mail shows none: %(words)s.")
_HIDDEN = N_("Words that the page hides were left out: %(words)s.")
_STRUCK = N_("Words that were struck out stand like all others now: %(words)s.")
_TABLE = N_("Tables became lists, a row an item: %(words)s.")
_PICTURE = N_("Pictures inside the text were left out, with their captions: %(words)s.")
_DEEP = N_("Lists or quotations too deep inside each other became flatter: %(words)s.")
_CHARACTERS = N_("Characters that nobody could read were left out: %(words)s.")
_NO_BREAK = N_("There are no-break spaces, which were left as they are: %(words)s.")
_QUOTES = N_("Straight and curly quotation marks are mixed, and were left as they are: %(words)s.")

_HEADING = re.compile("h[1-6]")
_BLANK = re.compile(r"[ \t\r]+")
_WHITE = re.compile(r"[ \t\r\n]+")
_SOFT = re.compile(rf"(?<=[{WIDE}])[ \t\r]*\n[ \t\r\n]*(?=[{WIDE}])")
# A list with another number cannot follow a paragraph closely.
_LIST = re.compile(r"(?:-|1\.) ")
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_LOWERED = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_SCRIPTS = {"sup": _RAISED, "sub": _LOWERED}
_CURLY = re.compile("[“”‘’]")
_TOP, _LOWEST = 2, 4
"""Levels of headings: below the edition's title, and as far as readers could tell them apart."""
_MOST, _SHORTEST, _MARKS = 100_000, 20, 8
"""Characters of a text; what a paragraph and each change of style count beside their words."""
_DEEPEST = 8
"""Levels of lists and quotations that the parser goes, a list being two."""


class Seen(NamedTuple):
    """A picture of a page: its address, and the words in its place."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A text in Markdown, what was odd about its source, and the pictures that stood in it, in order."""

    text: str
    odd: tuple[Oddity, ...] = ()
    pictures: tuple[Seen, ...] = ()


def markdown(source: str, base: str = "", *, title: str = "", classic: bool = False) -> Marked:
    """A piece of HTML as Markdown; links are resolved against ``base``, the address of its page.

    ``title``: headings that repeat it are taken out. ``classic``: blank lines divide paragraphs and line ends
    are breaks, as in what WordPress' classic editor stores. Raises InvalidError for HTML that is too long or deep.
    """
    notes = Notes()
    text, pictures = written(source, base, notes, title=title, classic=classic)
    return Marked(text, notes.oddities(), pictures)


def written(
    source: str, base: str, notes: Notes, *, title: str = "", classic: bool = False
) -> tuple[str, tuple[Seen, ...]]:
    """The same text and pictures, where several pieces are gathered: what was odd goes into ``notes``."""
    writer = _Writer(Links(base, notes), notes, title=line(title), classic=classic)
    text = writer.write(shortcode.cleared(source, notes))
    note_typing(text, notes)
    return text, tuple(writer.pictures)


def plain(source: str) -> str:
    """The words of a piece of HTML alone, a line for each paragraph. Raises InvalidError as ``markdown`` does."""
    notes = Notes()
    writer = _Writer(Links("", notes), notes)
    writer.write(shortcode.cleared(source, notes))
    return "\n".join(writer.words)


def note_typing(text: str, notes: Notes) -> None:
    """What only a person can tell to be right or wrong."""
    for place in re.finditer(r"\S{0,10}\u00a0\S{0,10}", text):
        notes.add(_NO_BREAK, place[0])
    marks = sorted(set(_CURLY.findall(text)) | (set(text) & {'"', "'"}))
    for straight, curly in (('"', "“”"), ("'", "‘’")):
        if straight in marks and set(curly) & set(marks):
            notes.add(_QUOTES, " ".join([straight, *(each for each in curly if each in marks)]))


class _Writer:
    """From elements to blocks of Markdown: lists and quotations hold blocks of their own, the rest is flat."""

    def __init__(self, links: Links, notes: Notes, *, title: str = "", classic: bool = False) -> None:
        self._links, self._notes, self._title, self._classic = links, notes, title, classic
        self._blocks: list[str] = []
        self._run: list[Span] = []
        self._levels: dict[str, int] = {}
        self._depth = self._length = 0
        self.words: list[str] = []
        self.pictures: list[Seen] = []

    def write(self, source: str) -> str:
        root = parse(source)
        present = sorted({str(each.tag) for each in root.iter(*(f"h{n}" for n in range(1, 7)))})
        self._levels = {tag: min(_TOP + rank, _LOWEST) for rank, tag in enumerate(present)}
        self._inside(root, Style())
        self._flush()
        while self._blocks and self._blocks[-1] == "---":
            self._blocks.pop()
        return "\n\n".join(self._blocks)

    def _inside(self, element: html.HtmlElement, style: Style) -> None:
        """What an element holds, its words in this style."""
        self._say(element.text, style, kept=element.tag == "pre")
        for child in element:
            self._element(child, style)
            self._say(child.tail, style, kept=element.tag == "pre")

    def _element(self, element: html.HtmlElement, style: Style) -> None:
        tag = str(element.tag)
        if vocabulary.is_unseen(element):
            return
        if vocabulary.is_hidden(element):
            self._note_words(_HIDDEN, element)
        elif tag in vocabulary.FOREIGN:
            self._embedded(element, tag)
        elif tag in vocabulary.BLOCKS:
            self._block(element, tag, style)
        elif tag == "br":
            self._run.append(Span("\n", style))
        elif tag == "img":
            self._picture(element, style)
        else:
            self._inline(element, tag, style)

    def _inline(self, element: html.HtmlElement, tag: str, style: Style) -> None:
        start = len(self._run)
        if tag == "a":
            style |= Style(href=self._links.target(element))
        elif tag in {"s", "strike", "del"}:
            self._note_words(_STRUCK, element)
        quotes = ("「」" if has_han(element.text_content()) else "“”") if tag == "q" else ""
        self._run += [Span(mark, style) for mark in quotes[:1]]
        self._inside(element, style | vocabulary.STYLES.get(tag, Style()))
        self._run += [Span(mark, style) for mark in quotes[1:]]
        if script := _SCRIPTS.get(tag):
            raised = [replace(each, text=each.text.translate(script)) for each in self._run[start:]]
            if not any(each.text.strip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉₊₋") for each in raised):
                self._run[start:] = raised

    def _block(self, element: html.HtmlElement, tag: str, style: Style) -> None:
        self._flush()
        if tag == "hr":
            if self._blocks and self._blocks[-1] != "---":
                self._blocks.append("---")
        elif _HEADING.fullmatch(tag):
            self._heading(element, tag, style)
        elif tag in {"ul", "ol"}:
            self._list(element, tag, style)
        elif tag == "blockquote":
            if quoted := self._held(element, style, 1):
                self._blocks.append(_prefixed(quoted, "> ", "> "))
        elif tag == "table" and vocabulary.is_data(element):
            self._table(element, style)
        elif tag == "figure" and element.find(".//img") is not None:
            for each in element.iter("img"):
                self._picture(each, style)
            self._run.clear()
        else:
            self._inside(element, style | vocabulary.STYLES.get(tag, Style()))
        self._flush()

    def _heading(self, element: html.HtmlElement, tag: str, style: Style) -> None:
        self._inside(element, replace(style, strong=False))
        words = span.text_of(self._run)
        if self._title and line(words) == self._title:
            self._notes.add(TITLE_AGAIN, words)
            self._run.clear()
        elif words.strip():
            self._count(self._run)
            self.words.append(tidy(words))
            self._blocks.append(span.heading(self._levels[tag], self._run, self._notes))
            self._run.clear()

    def _list(self, element: html.HtmlElement, tag: str, style: Style) -> None:
        number = vocabulary.start(element)
        items = []
        for child in element:
            if held := self._held(child, style, 2):
                mark = f"{number}. " if tag == "ol" else "- "
                items.append(_prefixed(held, mark, " " * len(mark)))
                number += 1
        self._blocks += ["\n".join(items)] if items else []

    def _held(self, element: html.HtmlElement, style: Style, levels: int) -> str:
        """The blocks inside an element, for a list or quotation to hold; where that is too deep, they stay outside."""
        outer = self._blocks
        if self._depth + levels > _DEEPEST:
            self._note_words(_DEEP, element)
            self._inside(element, style)
            self._flush()
            return ""
        self._blocks = []
        self._depth += levels
        self._inside(element, style)
        self._flush()
        self._depth -= levels
        held, self._blocks = self._blocks, outer
        return _joined(held)

    def _table(self, element: html.HtmlElement, style: Style) -> None:
        rows = []
        for row in element.iter("tr"):
            cells = [self._held(cell, style, 2).replace("\\\n", " ").replace("\n\n", " ") for cell in row]
            if any(cells):
                rows.append(f"- {' | '.join(cells)}")
        if rows:
            self._notes.add(_TABLE, rows[0].removeprefix("- "))
            self._blocks.append("\n".join(rows))

    def _picture(self, element: html.HtmlElement, style: Style) -> None:
        alt = " ".join(element.get("alt", "").split())
        if {"emoji", "wp-smiley"} & set(element.get("class", "").split()):
            self._say(alt, style)
        elif {element.get("width"), element.get("height")} & {"0", "1"}:
            return
        elif address := self._links.picture(element):
            self.pictures.append(Seen(address, alt))
            self._notes.add(_PICTURE, alt or address.rpartition("/")[2])

    def _embedded(self, element: html.HtmlElement, tag: str) -> None:
        host = urlsplit(element.get("src") or element.get("data") or "").hostname
        if tag in vocabulary.SPEAKING:
            self._notes.add(_EMBEDDED, f"{tag} ({host})" if host else tag)

    def _say(self, text: str | None, style: Style, *, kept: bool = False) -> None:
        """Add words to the paragraph at hand. ``kept``: their line ends are breaks."""
        said, wrong = sift(text or "")
        for character in sorted(wrong):
            self._notes.add(_CHARACTERS, f"U+{ord(character):04X}")
        if kept or self._classic:
            said = _BLANK.sub(" ", said.replace("\r\n", "\n"))
        else:
            said = _WHITE.sub(" ", _SOFT.sub("", said))
        if self._run and self._run[-1].text.endswith((" ", "\n")):
            said = said.lstrip(" ")
        if said:
            self._run.append(Span(said, style))

    def _flush(self) -> None:
        """End the paragraph at hand: one, or several where breaks stand together."""
        run, self._run = self._run, []
        for paragraph in span.paragraphs(run):
            self._count(paragraph)
            self._blocks.append(span.paragraph(paragraph, self._notes))
            self.words.append(span.text_of(paragraph))

    def _count(self, spans: Iterable[Span]) -> None:
        """No time is spent on what no edition could hold, words or what is set round them."""
        self._length += _SHORTEST + sum(_MARKS + len(each.text) + len(each.style.href) for each in spans)
        if self._length > _MOST:
            raise InvalidError(
                N_("The text is longer than %(most)s characters, far more than a mail can hold: take a part of it."),
                most=_MOST,
            )

    def _note_words(self, message: str, element: html.HtmlElement) -> None:
        if words := element.text_content().strip():
            self._notes.add(message, words)


def _joined(blocks: Iterable[str]) -> str:
    """Blocks below each other, a list close to what it belongs to."""
    joined = ""
    for block in blocks:
        joined += ("\n" if _LIST.match(block) else "\n\n") * bool(joined) + block
    return joined


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(f"{rest}{each}".rstrip(" ") for each in lines[1:])])
