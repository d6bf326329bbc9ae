"""Whether a block says the same in two languages, as far as a machine can tell: numbers, dates, names, links."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailer.chinese import HASHTAG, is_chinese
from mailer.compose.blocks import FRONT
from mailer.compose.check import address
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.quantities import Number, Value, quantities
from mailer.compose.check.reading import Passage, Reading
from mailer.compose.parsed import line
from mailer.compose.shown import whole
from mailer.errors import Term
from mailer.i18n import N_, babel, self_name
from mailer.model import Block

_SMALL = 10
"""Below it a number may be said otherwise: a child of nine, a triple."""
_SHOWN = 6
_NAME = re.compile(r"(?<![A-Za-z])[A-Z][a-z’'-]{1,30}(?: [A-Z][a-z’'-]{1,30}){1,4}(?![A-Za-z])")
_LANGUAGES = frozenset("www zh en hk tc sc eng chi m".split())  # noqa: SIM905
_NONE = N_("none")


@dataclass(frozen=True, slots=True)
class _Side:
    """A block in one language."""

    tag: str
    passages: Sequence[Passage]

    @property
    def prose(self) -> str:
        return "\n".join(passage.said.prose for passage in self.passages)

    @property
    def pages(self) -> list[str]:
        return [link.url for passage in self.passages for link in passage.said.links]

    @property
    def is_english(self) -> bool:
        return babel(self.tag).language == "en"


def check(reading: Reading) -> Iterator[Finding]:
    """Each translation beside its source, where both have the block whole."""
    edition = reading.edition
    for block in edition.blocks:
        written = whole(edition, block)
        sides = [_Side(tag, passages) for tag in written if (passages := reading.of(block, tag))]
        if sides and sides[0].tag == edition.source_locale:
            for other in sides[1:]:
                yield from _compared(block, sides[0], other)


def _compared(block: Block, source: _Side, other: _Side) -> Iterator[Finding]:
    for here, there in ((source, other), (other, source)):
        yield from _hashtags(block, here, there)
        yield from _links(block, here, there)
        if is_chinese(here.tag) and there.is_english:
            yield from _names(block, here, there)
    # How other languages write their numbers, we cannot tell.
    if all(is_chinese(side.tag) or side.is_english for side in (source, other)):
        yield from _values(block, source, other)


# Numbers, dates, times


def _values(block: Block, source: _Side, other: _Side) -> Iterator[Finding]:
    one, two = quantities(source.prose), quantities(other.prose)
    compared: dict[Fault, tuple[list[Value], list[Value]]] = {
        Fault.NUMBERS: _apart(one.numbers, two.numbers, one.in_words, two.in_words),
        Fault.DATES: _apart(one.days, two.days, one.days_in_words, two.days_in_words),
        Fault.TIMES: _apart(one.times, two.times, one.times_in_words, two.times_in_words),
    }
    for fault, (there, here) in compared.items():
        # What an inbox shows is written for each language; it must not say otherwise, but it may say something else.
        if (here and there) or (block.type != FRONT and any(map(_weighs, (*here, *there)))):
            values = {"here": _listed(here), "there": _listed(there), "other": self_name(source.tag)}
            yield Finding(fault, block.key, "", other.tag, values)


def _apart(
    one: Sequence[Value], other: Sequence[Value], one_words: Sequence[Value], other_words: Sequence[Value]
) -> tuple[list[Value], list[Value]]:
    """What of each has nothing in the other that answers for it, in digits or in words."""
    return _unanswered(one, [*other, *other_words]), _unanswered(other, [*one, *one_words])


def _unanswered(asked: Sequence[Value], answers: Sequence[Value]) -> list[Value]:
    marks: dict[object, set[str]] = {}
    for each in answers:
        marks.setdefault(each.key, set()).add(each.mark)
    known = {each: marks.get(each.key, set()) for each in asked}
    return [each for each, there in known.items() if not there or (each.mark and not there & {"", each.mark})]


def _weighs(value: Value) -> bool:
    """Whether it is missed even where the other language has nothing in its place."""
    return not isinstance(value, Number) or value.mark != "" or value.key >= _SMALL or value.key % 1 != 0


def _listed(values: Sequence[Value]) -> str | Term:
    return ", ".join(map(str, values[:_SHOWN])) if values else Term(_NONE)


# Names, hashtags, links


def _names(block: Block, chinese: _Side, english: _Side) -> Iterator[Finding]:
    """Latin names that the English text spells otherwise, or not at all."""
    known = line(english.prose).casefold()
    for passage in chinese.passages:
        for name in dict.fromkeys(_NAME.findall(passage.said.prose)):
            if name.casefold() not in known:
                values = {"name": name, "other": self_name(english.tag)}
                yield Finding(Fault.NAMES, block.key, passage.name, chinese.tag, values)


def _hashtags(block: Block, here: _Side, there: _Side) -> Iterator[Finding]:
    """Each language has hashtags of its own, but has some."""
    tags = _tags(there)
    if tags and not _tags(here):
        values = {"tags": " ".join(tags[:_SHOWN]), "other": self_name(there.tag)}
        yield Finding(Fault.HASHTAGS, block.key, "", here.tag, values)


def _tags(side: _Side) -> list[str]:
    return [tag for tag in HASHTAG.findall(side.prose) if not tag[1:].isdecimal()]


def _links(block: Block, here: _Side, there: _Side) -> Iterator[Finding]:
    """A link that is missing. Where there are as many, each may lead to a page in its own language."""
    one, other = here.pages, there.pages
    if len(one) >= len(other):
        return
    left = Counter(map(_place, one))
    missing: dict[str, None] = {}
    # What both have the same goes first, so that it is none of those that are missing.
    for url in sorted(other, key=set(one).__contains__, reverse=True):
        if left[_place(url)]:
            left[_place(url)] -= 1
        elif address.split(url):
            # What leads nowhere is to be mended, not copied.
            missing[address.shown(url)] = None
    for link in missing:
        values = {"link": link, "other": self_name(there.tag)}
        yield Finding(Fault.LACKING_LINK, block.key, "", here.tag, values)


def _place(url: str) -> str:
    """Whose page it is: its host, without a language before it."""
    parts = address.split(url)
    if parts is None or parts.scheme == "mailto":
        return "mailto:"
    first, _, rest = address.host(parts).partition(".")
    return rest if first in _LANGUAGES and "." in rest else f"{first}.{rest}"
