"""The block types: for each, what no language changes (data) and the fields a person writes (texts).

The one list that import, checks and rendering share.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mailer.compose import data as shapes
from mailer.compose.data import Data
from mailer.errors import Term
from mailer.i18n import N_
from mailer.model.edition import Block, Fallback

FRONT = "front"
"""The type and key of the block that every edition begins with: subject, preheader, title."""

_LONGEST_LINE = 300
_LONGEST_TEXT = 20_000


class Kind(Enum):
    """What a field holds: Markdown, one line of plain text, or a whole number."""

    MARKDOWN = "markdown"
    LINE = "line"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a block: ``must``, where a text without it is missing.

    What one language has, every other must have, too, unless a language may have it ``alone``.
    """

    kind: Kind = Kind.MARKDOWN
    must: bool = True
    alone: bool = False

    def accept(self, text: str) -> str:
        """A text as it is kept; ValueError holds the Term that says what it must be."""
        most = _LONGEST_TEXT if self.kind is Kind.MARKDOWN else _LONGEST_LINE
        if len(text) > most:
            raise ValueError(Term(N_("it must be at most %(max_length)s characters long"), max_length=most))
        if self.kind is Kind.MARKDOWN:
            return text.strip("\n")
        if "\n" in text:
            raise ValueError(Term(N_("it must be a single line")))
        if self.kind is Kind.NUMBER and not re.fullmatch("[1-9][0-9]{0,3}", text.strip(), re.ASCII):
            raise ValueError(Term(N_("it must be a whole number")))
        return text.strip()


Fields = Mapping[str, Field]

_TEXT = Field()
_LINE = Field(Kind.LINE)
_MAYBE = Field(must=False)
_MAYBE_LINE = Field(Kind.LINE, must=False)
_OWN = Field(must=False, alone=True)
_OWN_LINE = Field(Kind.LINE, must=False, alone=True)
_ALL = frozenset(Fallback)
_NEVER = frozenset({Fallback.REFUSE})
_OMIT = frozenset({Fallback.REFUSE, Fallback.OMIT})


@dataclass(frozen=True, slots=True)
class BlockType:
    """What a block of this type holds. ``more``: the fields that its data asks for, beside the fixed ones.

    ``fallbacks``: what may be done where a language lacks it.
    """

    fixed: Fields
    data: type[Data] = shapes.Nothing
    more: Callable[[Any], Fields] = lambda _: {}
    fallbacks: frozenset[Fallback] = _OMIT

    def fields(self, data: Data) -> dict[str, Field]:
        """Every field of a block with this data, in the order in which they are written."""
        return {**self.fixed, **self.more(data)}


def _figures(data: shapes.Figures) -> Fields:
    """A label for each figure, and perhaps a qualifier ("over", "at least") and a unit ("hours", "%")."""
    found: dict[str, Field] = {}
    for figure in data.figures:
        found |= {figure.id: _TEXT, f"{figure.id}.qualifier": _OWN, f"{figure.id}.unit": _OWN_LINE}
    return found


def _alt(data: shapes.Card | shapes.Article) -> Fields:
    return {"alt": _LINE} if data.image else {}


def _portrait(data: shapes.Letter) -> Fields:
    return {"portrait_alt": _LINE} if data.portrait else {}


def _picture(data: shapes.Picture) -> Fields:
    return {} if data.ornament else {"alt": _LINE}


def _cards(data: shapes.Digest) -> Fields:
    found: dict[str, Field] = {}
    for card in data.cards:
        found |= {f"{card.id}.title": _LINE, f"{card.id}.excerpt": _MAYBE}
        found |= {f"{card.id}.{name}": field for name, field in _alt(card).items()}
    return found


TYPES: dict[str, BlockType] = {
    FRONT: BlockType(
        {
            "subject": _LINE,
            "preheader": _LINE,
            "title": _LINE,
            "sender": _OWN_LINE,
            "reading_time": Field(Kind.NUMBER, must=False, alone=True),
        },
        fallbacks=_NEVER,
    ),
    "masthead": BlockType({"strapline": _MAYBE_LINE}, fallbacks=_NEVER),
    "toc": BlockType({"title": _MAYBE_LINE}),
    "language_jump": BlockType({}),
    "letter": BlockType(
        {
            "headline": _MAYBE_LINE,
            "body": _TEXT,
            "signature_name": _MAYBE_LINE,
            "signature_role": _MAYBE_LINE,
            "signature_org": _MAYBE_LINE,
        },
        data=shapes.Letter,
        more=_portrait,
    ),
    "section": BlockType({"title": _LINE, "standfirst": _MAYBE_LINE, "body": _TEXT}),
    "list": BlockType({"title": _MAYBE_LINE, "lead": _MAYBE, "items": _TEXT}),
    "stats": BlockType({"title": _MAYBE_LINE}, data=shapes.Figures, more=_figures),
    "pull_quote": BlockType({"quote": _TEXT, "who": _MAYBE_LINE}),
    "image": BlockType({"caption": _MAYBE}, data=shapes.Picture, more=_picture, fallbacks=_ALL),
    "article_card": BlockType(
        {"kicker": _MAYBE_LINE, "title": _LINE, "excerpt": _MAYBE}, data=shapes.Card, more=_alt, fallbacks=_ALL
    ),
    "digest": BlockType({"title": _MAYBE_LINE, "intro": _MAYBE}, data=shapes.Digest, more=_cards, fallbacks=_ALL),
    "article": BlockType(
        {
            "kicker": _MAYBE_LINE,
            "title": _LINE,
            "series": _MAYBE_LINE,
            "author": _MAYBE_LINE,
            "translator": _OWN_LINE,
            "source": _MAYBE_LINE,
            "dateline": _MAYBE_LINE,
            "abstract": _MAYBE,
            "body": _TEXT,
            "copyright": _MAYBE,
            "ps": _MAYBE,
        },
        data=shapes.Article,
        more=_alt,
        fallbacks=_ALL,
    ),
    "event": BlockType(
        {"title": _LINE, "place": _LINE, "every": _MAYBE_LINE, "body": _MAYBE}, data=shapes.Event, fallbacks=_ALL
    ),
    "action": BlockType({"title": _LINE, "body": _MAYBE, "button": _LINE}, data=shapes.Action, fallbacks=_ALL),
    "donation": BlockType({"title": _MAYBE_LINE, "body": _TEXT, "button": _MAYBE_LINE}, data=shapes.Donation),
    "share": BlockType({"body": _TEXT}),
    "social": BlockType({"intro": _MAYBE_LINE}, data=shapes.Links),
    "next_issue": BlockType({"note": _MAYBE_LINE}, data=shapes.NextIssue),
    "signoff": BlockType({"closing": _LINE, "name": _LINE}, fallbacks=_NEVER),
    "footer": BlockType({}, fallbacks=_NEVER),
}


def data_of(block: Block) -> Data:
    """A stored block's data, in its shape."""
    return TYPES[block.type].data.model_validate(block.data)


def fields_of(block: Block) -> dict[str, Field]:
    """The fields of a stored block."""
    return TYPES[block.type].fields(data_of(block))


def stored(data: Data) -> dict[str, Any]:
    """Data as the database keeps it: JSON, without what was left out."""
    return data.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
