"""What all forms of a variant are made from: its languages, the blocks in each, and the order of both."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mailer import chinese
from mailer.compose.blocks import FRONT, data_of
from mailer.compose.data import Donation, Event, Figure, NextIssue
from mailer.compose.glossary import protected
from mailer.compose.hans import with_simplified
from mailer.compose.shown import shown, text
from mailer.i18n import (
    AUTOMATIC,
    N_,
    ZH,
    catalogue,
    interface,
    language_name,
    languages,
    match,
    self_name,
    translator,
)
from mailer.model import Edition, Image, Layout
from mailer.render.holes import Marks
from mailer.render.voice import Voice
from mailer.values import leaf, long_date, money, month, number, period

# As Markdown ends a line within a paragraph.
_HARD_BREAK = re.compile(r"(?:\\| {2,})\n")


@dataclass(frozen=True, slots=True)
class View:
    """One block as a reader of ``part`` gets it: ``text`` as typed, ``data`` in its shape.

    ``voice`` is the language of the text. ``notice``: another than the reader's, which is to be said.
    """

    key: str
    type: str
    text: Mapping[str, str]
    data: Any
    voice: Voice
    notice: bool
    anchor: str

    def said(self, field: str) -> str:
        """A field's text; empty where there is none."""
        return self.text.get(field, "")

    @property
    def title(self) -> str:
        """What a table of contents calls it; empty for what it does not list."""
        return self.said("title")

    @property
    def slogans(self) -> list[str]:
        """The lines of a pull quote that its writer ended by hand: each is a call of its own. Empty for prose."""
        lines = _HARD_BREAK.split(self.said("quote").strip())
        return lines if len(lines) > 1 and "" not in lines and "\n\n" not in self.said("quote") else []


@dataclass(frozen=True, slots=True)
class Part:
    """An edition in one language, within a variant of one or two."""

    tag: str
    voice: Voice
    name: str
    sender: str
    address: str
    title: str
    preheader: str
    blocks: tuple[View, ...]
    pictures: Mapping[str, Image]
    logo: str | None
    reading_time: str
    other: str | None
    """The language that follows below, where this part is the first of two."""
    above: str | None
    """The language that came first, where this part is the second of two."""
    leads: bool
    """Whether the mail begins with it."""
    test: str
    """Who sends it as a test; empty where it is none."""
    marks: Marks

    @property
    def is_automatic(self) -> bool:
        """Whether nobody wrote it: readers are to know."""
        return self.tag == AUTOMATIC

    @property
    def jumps(self) -> bool:
        """Whether the masthead leads to the other language, since no block does."""
        return not any(block.type == "language_jump" for block in self.blocks)

    def say(self, message: str) -> str:
        """An interface word for this part's reader."""
        return translator(self.tag)(message)

    def mark(self, name: str) -> str:
        """The mark of a hole whose value is in this part's language."""
        return self.marks.mark(f"{name}-{self.tag}")

    def tested(self) -> str:
        """Says that this is a test, and whose."""
        return self.say(TEST) % {"name": self.test}

    def figure(self, figure: Figure) -> str:
        """A number as this language writes it: HK$2.5 million, 港幣250萬元."""
        return money(figure.value, figure.currency, self.tag) if figure.currency else number(figure.value, self.tag)

    def month(self, data: NextIssue) -> str:
        """The month of a next_issue block, as the words round it write it."""
        return month(data.month, interface(self.tag))

    def day(self, value: date) -> str:
        """A day: 1 May 2025, 2025年5月1日."""
        return long_date(value, self.tag)

    def until(self, value: date) -> str:
        """A deadline."""
        return self.say(N_("By %(date)s")) % {"date": long_date(value, interface(self.tag))}

    def when(self, event: Event) -> str:
        """An event's time by the clock of its place."""
        return period(event.start, event.end, self.tag)

    def leaf(self, event: Event) -> tuple[str, str, str]:
        """The day on which an event begins as the leaf of a calendar has it: 11月, 7, 星期六."""
        return leaf(event.start, self.tag)

    def qualified(self, block: View, row: Sequence[Figure]) -> bool:
        """Whether any number of a row has a word before it, such as *over*."""
        return any(block.said(f"{figure.id}.qualifier") for figure in row)

    def sums(self, donation: Donation) -> list[str]:
        """The sums that a donation block suggests."""
        return [money(amount, donation.currency, self.tag) for amount in donation.amounts]

    def notice(self, block: View) -> str:
        """Says in this reader's language that a block comes in another: （只有英文版）."""
        return self.say(N_("(in %(language)s only)")) % {"language": language_name(block.voice.tag, self.tag)}

    def author(self, block: View) -> str:
        """Who wrote an article."""
        return self.say(N_("By %(name)s")) % {"name": block.said("author")}

    def translator(self, block: View) -> str:
        """Who translated an article."""
        return self.say(N_("Translated by %(name)s")) % {"name": block.said("translator")}

    def source(self, block: View) -> str:
        """Where an article was first published, and when; empty where neither is known."""
        data, source = block.data, block.text.get("source")
        if source and data.published:
            values = {"source": source, "date": long_date(data.published, interface(self.tag))}
            return self.say(N_("First published in %(source)s, %(date)s.")) % values
        return self.say(N_("First published in %(source)s.")) % {"source": source} if source else ""

    def go_on(self, block: View, title: str) -> str:
        """What a link to the whole of a post says to those who hear it; empty where it would be of two languages."""
        one = block.voice.tag == self.tag and (self.voice.is_chinese or not chinese.has_han(title))
        return self.say(N_("Continue reading: %(title)s")) % {"title": title} if one else ""

    def jump(self) -> str:
        """The words of the link to the other part: that language's own, or its name where we have none in it."""
        other = self.other or self.tag
        spoken = interface(other)
        return (
            translator(spoken)(N_("You will find this language below")) if match(other, [spoken]) else self_name(other)
        )

    def self_name(self, tag: str) -> str:
        """What a language calls itself."""
        return self_name(tag)

    def contents(self) -> list[View]:
        """The blocks that a table of contents lists."""
        return [block for block in self.blocks if block.title and block.type not in {"toc", "article_card"}]


CONVERTED = N_("Converted automatically from Traditional Chinese.")
"""What readers of a language that nobody writes are told."""
TEST = N_("A test, sent by %(name)s: not for forwarding. Its unsubscribe link does nothing.")
"""What whoever gets a test mail is told first."""
_MASTHEAD, _FOOTER, _JUMP = "masthead", "footer", "language_jump"
# The keys of those that are there without being named: no block can be called so.
_HEAD, _FOOT = "<masthead>", "<footer>"
# What each hole is for; a hole's name is NAME-TAG, ``web`` has one value for all.
READER_HOLES = ("greeting", "unsubscribe", "since")


def holes(mode: str) -> set[str]:
    """The names of all holes that a variant of this mode may have."""
    return {f"{name}-{tag}" for name in READER_HOLES for tag in languages(mode)} | {"web"}


def parts(edition: Edition, mode: str, marks: Marks, test: str = "") -> list[Part]:
    """An edition laid out for a mode: one part per language, in reading order; ``test``: who sends it as one."""
    tags = languages(mode)
    stacked = edition.layout is Layout.STACKED
    around = zip([None, *tags], tags, [*tags[1:], None], strict=False)
    return [
        _part(edition, tag, tags, marks, test, above=above if stacked else None, other=other if stacked else None)
        for above, tag, other in around
    ]


def sequence(edition: Edition, laid_out: Sequence[Part]) -> Iterable[tuple[Part, View]]:
    """Every block in reading order: one language below the other, or block by block in both."""
    shown = [(part, block) for part in laid_out for block in part.blocks]
    if edition.layout is Layout.STACKED:
        return shown
    places = {block.key: place for place, block in enumerate(edition.blocks)} | {_HEAD: -1, _FOOT: len(edition.blocks)}
    # Of one block the languages stay in their order.
    return sorted(shown, key=lambda each: places[each[1].key])


def front(edition: Edition, tag: str) -> dict[str, str]:
    """Subject, preheader and title of an edition in one language, and perhaps its sender."""
    return text(edition, next(block for block in edition.blocks if block.type == FRONT), tag)


def named(edition: Edition, names: Mapping[str, str], tag: str) -> str:
    """A name of the newsletter in one language, converted where nobody writes that."""
    return with_simplified(names, protected(edition.newsletter.terms))[tag]


def _part(
    edition: Edition, tag: str, tags: Sequence[str], marks: Marks, test: str, *, above: str | None, other: str | None
) -> Part:
    beside = set(tags) - {tag}
    first, newsletter = front(edition, tag), edition.newsletter
    han = next(filter(chinese.is_chinese, [tag, *beside, *edition.locales]), ZH)
    blocks = tuple(_views(edition, tag, beside, han, other))
    rates = newsletter.han_per_minute, newsletter.words_per_minute
    minutes = int(first.get("reading_time") or chinese.reading_minutes(_words(blocks), *rates))
    return Part(
        tag=tag,
        voice=Voice(tag, han),
        name=named(edition, newsletter.name, tag),
        sender=named(edition, newsletter.sender_name, tag),
        address=named(edition, newsletter.postal_address, tag),
        title=first["title"],
        preheader=first["preheader"],
        blocks=blocks,
        pictures={held.name: held.image for held in edition.images},
        logo=newsletter.logo,
        reading_time=catalogue(tag).ngettext("%(n)s min read", "%(n)s mins read", minutes) % {"n": minutes},
        other=other,
        above=above,
        leads=tag == tags[0],
        test=test,
        marks=marks,
    )


def _views(edition: Edition, tag: str, beside: set[str], han: str, other: str | None) -> Iterator[View]:
    left_out = {FRONT, _FOOTER} if other else {FRONT, _FOOTER, _JUMP}
    wanted = [(block, shown(edition, block, tag, beside)) for block in edition.blocks if block.type not in left_out]
    # Each part begins with it, whether or not an edition names it: links lead there, and it says who writes.
    if not any(block.type == _MASTHEAD for block, found in wanted if found):
        yield _forced(_HEAD, _MASTHEAD, tag, han)
    for block, found in wanted:
        if found is None:
            continue
        yield View(
            key=block.key,
            type=block.type,
            text=found.text,
            data=data_of(block),
            voice=Voice(found.tag, han),
            notice=found.notice,
            anchor=f"{tag}-{block.key}",
        )
    # Each part ends with it, whether or not an edition names it: nobody goes without the way out.
    yield _forced(_FOOT, _FOOTER, tag, han)


def _forced(key: str, kind: str, tag: str, han: str) -> View:
    return View(key, kind, {}, None, Voice(tag, han), notice=False, anchor=f"{tag}-{kind}")


def _words(blocks: tuple[View, ...]) -> str:
    return "\n".join(each for block in blocks for each in block.text.values())
