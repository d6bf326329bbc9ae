"""The block types: for each, what no language changes (data) and the fields a person writes (texts).

The one list that import, checks and rendering share. A field holds Markdown, or a single line
of plain text where it is named in ``lines``, a whole number where in ``numbers``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from mailer.model.edition import Block

FRONT = "front"
"""The type and key of the block that every edition begins with: subject, preheader, title."""

_LONGEST_LINE = 300
_LONGEST_TEXT = 20_000

IDENTIFIER = r"[a-z][a-z0-9-]{0,39}"


def _month(value: object) -> object:
    """``2027-01``, or the first day of that month as it is stored."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])(-01)?", value, re.ASCII):
        raise ValueError("write the month as YYYY-MM")
    return value if value.count("-") > 1 else f"{value}-01"


def _digits(value: object) -> object:
    if not isinstance(value, str | int) or not re.fullmatch(r"\d{1,15}(\.\d{1,2})?", str(value), re.ASCII):
        raise ValueError("write the number in digits alone, such as 1906 or 2.5")
    return value


def _safe_url(url: str) -> str:
    if not url.startswith(("https://", "http://", "mailto:")):
        raise ValueError("a link begins with https://, http:// or mailto:")
    return url


Url = Annotated[str, AfterValidator(_safe_url)]
Month = Annotated[date, BeforeValidator(_month)]


class Data(BaseModel):
    """Data that takes no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Data):
    """A block without data."""


class Figure(Data):
    """One number: a count, or a sum of money with its ISO 4217 currency."""

    id: str = Field(pattern=f"^{IDENTIFIER}$")
    value: Annotated[Decimal, BeforeValidator(_digits)]
    currency: Literal["HKD", "GBP"] | None = None


class Figures(Data):
    """The numbers of a stats block, in order."""

    figures: list[Figure] = Field(min_length=1, max_length=12)


class Link(Data):
    """A named place elsewhere; the name is a proper name, the same in each language."""

    name: str = Field(min_length=1, max_length=40)
    url: Url


class Links(Data):
    """The places of a social block."""

    links: list[Link] = Field(min_length=1, max_length=8)


class NextIssue(Data):
    """The month in which the next edition comes, written YYYY-MM."""

    month: Month


def _no_more(_: Data) -> dict[str, bool]:
    return {}


def _figure_fields(data: Data) -> dict[str, bool]:
    """A label for each figure, and perhaps a qualifier ("over", "at least")."""
    assert isinstance(data, Figures)
    return {f.id: True for f in data.figures} | {f"{f.id}.qualifier": False for f in data.figures}


@dataclass(frozen=True, slots=True)
class BlockType:
    """What a block of this type holds. ``fields``: name → whether each language must have it."""

    data: type[Data] = Nothing
    fields: Callable[[Data], dict[str, bool]] = _no_more
    lines: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    def accept(self, field: str, text: str) -> str:
        """A field's text as it is kept; ValueError says what it must be."""
        if len(text) > (_LONGEST_LINE if field in self.lines else _LONGEST_TEXT):
            raise ValueError("shorter")
        if field not in self.lines:
            return text
        if "\n" in text:
            raise ValueError("a single line")
        if field in self.numbers and not re.fullmatch("[1-9][0-9]{0,3}", text.strip(), re.ASCII):
            raise ValueError("a whole number")
        return text.strip()


def _fixed(**fields: bool) -> Callable[[Data], dict[str, bool]]:
    return lambda _: fields


_SIGNATURE = ("signature_name", "signature_role", "signature_org")

TYPES: dict[str, BlockType] = {
    FRONT: BlockType(
        fields=_fixed(subject=True, preheader=True, title=True, sender=False, reading_time=False),
        lines=frozenset({"subject", "preheader", "title", "sender", "reading_time"}),
        numbers=frozenset({"reading_time"}),
    ),
    "masthead": BlockType(fields=_fixed(strapline=False), lines=frozenset({"strapline"})),
    "letter": BlockType(
        fields=_fixed(headline=False, body=True, **dict.fromkeys(_SIGNATURE, False)),
        lines=frozenset({"headline", *_SIGNATURE}),
    ),
    "stats": BlockType(data=Figures, fields=_figure_fields),
    "section": BlockType(
        fields=_fixed(title=True, standfirst=False, body=True), lines=frozenset({"title", "standfirst"})
    ),
    "share": BlockType(fields=_fixed(body=True)),
    "social": BlockType(data=Links, fields=_fixed(intro=False), lines=frozenset({"intro"})),
    "next_issue": BlockType(data=NextIssue, fields=_fixed(note=False), lines=frozenset({"note"})),
    "signoff": BlockType(fields=_fixed(closing=True, name=True), lines=frozenset({"closing", "name"})),
    "footer": BlockType(),
}


def data_of(block: Block) -> Data:
    """A stored block's data, in its shape."""
    return TYPES[block.type].data.model_validate(block.data)


def fields_of(block: Block) -> dict[str, bool]:
    """The fields of a stored block: name → whether each language must have it."""
    return TYPES[block.type].fields(data_of(block))


def stored(data: Data) -> dict[str, Any]:
    """Data as the database keeps it: JSON, without what was left out."""
    return data.model_dump(mode="json", exclude_none=True)
