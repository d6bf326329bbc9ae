"""What both forms of a variant are made from: its languages in order, each with its blocks."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from mailer import chinese
from mailer.compose.blocks import FRONT, Data, Figure, data_of
from mailer.i18n import CONTENT, N_, ZH, catalogue, languages, money, month, number, translator
from mailer.model import Block, Edition, Newsletter
from mailer.render.han import name_han, upright
from mailer.render.holes import Marks


@dataclass(frozen=True, slots=True)
class View:
    """One block in one language: ``text`` as typed, ``data`` in its shape."""

    key: str
    type: str
    text: dict[str, str]
    data: Data


@dataclass(frozen=True, slots=True)
class Part:
    """An edition in one language, within a variant of one or two."""

    tag: str
    newsletter: Newsletter
    title: str
    preheader: str
    blocks: tuple[View, ...]
    reading_time: str
    other: "str | None"
    """The language that follows below, where this part is the first of two."""
    above: "str | None"
    """The language that came first, where this part is the second of two."""
    han: str
    """The edition's Chinese, or Hong Kong's: what Han inside another language is named as."""
    marks: Marks

    @property
    def is_chinese(self) -> bool:
        """Whether this part is written in Han."""
        return chinese.is_chinese(self.tag)

    def runs(self, html: Markup) -> Markup:
        """Words of this part: Han upright, and named as Chinese where the part is not."""
        return upright(html) if self.is_chinese else name_han(html, self.han)

    def self_name(self, tag: str) -> str:
        """What a language calls itself."""
        return CONTENT.get(tag, tag)

    def say(self, message: str) -> str:
        """An interface word in this part's language."""
        return translator(self.tag)(message)

    def mark(self, name: str) -> str:
        """The mark of a hole whose value is in this part's language."""
        return self.marks.mark(f"{name}-{self.tag}")

    def figure(self, figure: Figure) -> str:
        """A number as this language writes it: HK$2.5 million, 港幣250萬元."""
        return money(figure.value, figure.currency, self.tag) if figure.currency else number(figure.value, self.tag)

    def month(self, data: Any) -> str:
        """The month of a next_issue block."""
        return month(data.month, self.tag)

    def jump(self) -> str:
        """The words of the link to the other part, in the language that they lead to."""
        return translator(self.other or self.tag)(N_("You will find this language below"))

    @property
    def name(self) -> str:
        """The newsletter's name in this language."""
        return str(self.newsletter.name[self.tag])


# What each hole is for; a hole's name is NAME-TAG, ``web`` has one value for all.
READER_HOLES = ("greeting", "unsubscribe", "since")


def holes(mode: str) -> set[str]:
    """The names of all holes that a variant of this mode may have."""
    return {f"{name}-{tag}" for name in READER_HOLES for tag in languages(mode)} | {"web"}


def parts(edition: Edition, mode: str, marks: Marks) -> list[Part]:
    """An edition laid out for a mode: one part per language, in reading order."""
    tags = languages(mode)
    around = zip([None, *tags], tags, [*tags[1:], None], strict=False)
    return [_part(edition, tag, above, other, marks) for above, tag, other in around]


def front(edition: Edition, tag: str) -> dict[str, str]:
    """Subject, preheader and title of an edition in one language, and perhaps its sender."""
    return next(block for block in edition.blocks if block.type == FRONT).text(tag)


def _part(edition: Edition, tag: str, above: str | None, other: str | None, marks: Marks) -> Part:
    first = front(edition, tag)
    blocks = tuple(_view(block, tag) for block in edition.blocks if block.type != FRONT)
    minutes = int(first.get("reading_time") or chinese.reading_minutes(_words(blocks)))
    return Part(
        tag=tag,
        newsletter=edition.newsletter,
        title=first["title"],
        preheader=first["preheader"],
        blocks=blocks,
        reading_time=catalogue(tag).ngettext("%(n)s min read", "%(n)s mins read", minutes) % {"n": minutes},
        other=other,
        above=above,
        han=next(filter(chinese.is_chinese, edition.locales), ZH),
        marks=marks,
    )


def _view(block: Block, tag: str) -> View:
    return View(block.key, block.type, block.text(tag), data_of(block))


def _words(blocks: tuple[View, ...]) -> str:
    return "\n".join(text for block in blocks for text in block.text.values())
