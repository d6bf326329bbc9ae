"""What the texts of an edition say, read once for all checks: prose, links and headings, each field a passage."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from markdown_it.token import Token

from mailer.chinese import WIDE
from mailer.compose.blocks import Field, Kind, fields_of
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.parsed import PARSER
from mailer.compose.shown import applies
from mailer.model import Block, Edition

GAP = "\ufffc"
"""Stands in prose for what is none: code, and addresses of pages."""
# Addresses are ASCII, and Chinese stands before and behind them without a space.
_ADDRESS = re.compile(r"(?:https?://|mailto:|www\.)[!-~]+")
_PUNCTUATION = ".,;:!?\"'()[]<>*_"
_SOFT = "\x02"
_SOFT_BREAK = re.compile(rf"(?<=[{WIDE}]){_SOFT}(?=[{WIDE}])")
_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere; a bare address shows itself."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, or a paragraph that is bold as a whole and has something below it: that has level 0."""

    words: str
    level: int


@dataclass(frozen=True, slots=True)
class Said:
    """What one text says. ``prose`` has a line break where it is broken by hand, an empty line between paragraphs."""

    prose: str
    links: tuple[Link, ...] = ()
    headings: tuple[Heading, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """One field of a block in one language: as typed, and what it says."""

    block: Block
    name: str
    field: Field
    locale: str
    source: str
    said: Said

    def finding(self, fault: Fault, **values: object) -> Finding:
        """A fault of this passage."""
        return Finding(fault, self.block.key, self.name, self.locale, values)

    @property
    def is_markdown(self) -> bool:
        """Whether it may hold more than a line of plain words."""
        return self.field.kind is Kind.MARKDOWN

    @property
    def part(self) -> str:
        """The last part of the field's name: *alt* for the words of a card's picture."""
        return self.name.rsplit(".", maxsplit=1)[-1]


class Reading:
    """An edition with its passages, in reading order; what is not meant for a language is left out."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.passages = list(_passages(edition))
        self._by_text: dict[tuple[str, str], list[Passage]] = {}
        for passage in self.passages:
            self._by_text.setdefault((passage.block.key, passage.locale), []).append(passage)

    def of(self, block: Block, locale: str) -> list[Passage]:
        """The passages of a block in one language."""
        return self._by_text.get((block.key, locale), [])


def around(text: str, start: int, end: int) -> str:
    """A place in a text with a little of what stands round it, in one line."""
    reach = max(2, (_SHOWN - (end - start)) // 2)
    first = max(text.rfind("\n", 0, start) + 1, start - reach)
    stop = text.find("\n", end)
    last = min(stop if stop >= 0 else len(text), end + reach)
    return text[first:last][: 2 * _SHOWN].replace(GAP, "…").strip()


def cut(words: str) -> str:
    """Words short enough to be quoted."""
    line = " ".join(words.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _passages(edition: Edition) -> Iterator[Passage]:
    for block in edition.blocks:
        for locale in edition.locales:
            written = block.text(locale) if applies(block, locale) else {}
            for name, field in fields_of(block).items():
                if source := written.get(name):
                    said = read(source) if field.kind is Kind.MARKDOWN else _plain(source)
                    yield Passage(block, name, field, locale, source, said)


# The same texts are asked about again and again while somebody writes.
@lru_cache(maxsize=1024)
def read(source: str) -> Said:
    """What a Markdown text says."""
    paragraphs: list[str] = []
    links: list[Link] = []
    headings: list[Heading] = []
    parsed = PARSER.parse(source)
    for place, token in enumerate(parsed):
        if token.type != "inline":
            if token.type in {"fence", "code_block"}:
                paragraphs.append(GAP)
            continue
        words, found = _inline(token)
        paragraphs.append(words)
        links += found
        opened = parsed[place - 1]
        if opened.type == "heading_open":
            headings.append(Heading(words, int(opened.tag[1])))
        elif opened.level == 0 and place + 2 < len(parsed) and _is_bold(token):
            headings.append(Heading(words, 0))
    said = _plain("\n\n".join(paragraphs))
    return Said(said.prose, (*links, *said.links), tuple(headings))


def _plain(text: str) -> Said:
    """What a text without Markdown says; addresses stand aside."""
    bare = [found[0].rstrip(_PUNCTUATION) for found in _ADDRESS.finditer(text)]
    return Said(_ADDRESS.sub(GAP, text), tuple(Link(url, url) for url in bare if not url.startswith("www.")))


def _inline(token: Token) -> tuple[str, list[Link]]:
    """The words of a paragraph, and where some of them lead."""
    links: list[Link] = []
    begun: list[tuple[str, int]] = []
    pieces: list[str] = []
    for child in token.children or []:
        if child.type == "text":
            pieces.append(child.content)
        elif child.type == "code_inline":
            pieces.append(GAP)
        elif child.type == "softbreak":
            pieces.append(_SOFT)
        elif child.type == "hardbreak":
            pieces.append("\n")
        elif child.type == "link_open":
            begun.append((str(child.attrs.get("href", "")), len(pieces)))
        elif child.type == "link_close":
            url, first = begun.pop()
            words = "".join(pieces[first:])
            links.append(Link(words.replace(_SOFT, " "), url))
            # An address that shows itself, or another, is no link of its own.
            pieces[first:] = [_ADDRESS.sub(GAP, words)]
    return _SOFT_BREAK.sub("", "".join(pieces)).replace(_SOFT, "\n"), links


def _is_bold(token: Token) -> bool:
    """Whether all that it says is bold."""
    children = [child for child in token.children or [] if child.type != "text" or child.content.strip()]
    kinds = [child.type for child in children]
    ends = (kinds[0], kinds[-1]) if kinds else ("", "")
    return ends == ("strong_open", "strong_close") and kinds.count("strong_open") == 1
