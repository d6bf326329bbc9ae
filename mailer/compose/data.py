"""The shapes of block data: what no language changes, such as dates, numbers, addresses of pages."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mailer.compose.recurrence import demand_rule
from mailer.errors import Term
from mailer.i18n import N_

IDENTIFIER = r"[a-z][a-z0-9-]{0,39}"
_MOST_CARDS = 30


def _month(value: object) -> object:
    """``2027-01``, or the first day of that month as it is stored."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])(-01)?", value, re.ASCII):
        raise ValueError(Term(N_("write the month as YYYY-MM")))
    return value if value.count("-") > 1 else f"{value}-01"


def _day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError(Term(N_("write the date as YYYY-MM-DD")))
    return value


def _moment(value: object) -> object:
    """``2026-12-05 18:05``, or with a T as it is stored: by the clock on the wall of the place.

    Of years that are years everywhere: at either end of the calendar some zones would lie beyond it.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[12]\d{3}-\d\d-\d\d[ T]\d\d:\d\d(:00)?", value, re.ASCII):
        raise ValueError(Term(N_("write the local time as YYYY-MM-DD HH:MM")))
    return value


def _digits(value: object) -> object:
    if not isinstance(value, str | int) or not re.fullmatch(r"\d{1,15}(\.\d{1,2})?", str(value), re.ASCII):
        raise ValueError(Term(N_("write the number in digits alone, such as 1906 or 2.5")))
    return value


def safe_url(url: str) -> str:
    """A link as a mail may have it; ValueError says what it must be."""
    if not url.startswith(("https://", "http://", "mailto:")):
        raise ValueError(Term(N_("a link begins with https://, http:// or mailto:")))
    if re.search(r"\s", url) or url == "mailto:" or (url.startswith("http") and "@" in urlsplit(url).netloc):
        raise ValueError(Term(N_("a link holds no blanks, and no name or password of anybody")))
    if url.startswith("http") and not urlsplit(url).hostname:
        raise ValueError(Term(N_("a link names its host, such as https://www.example.org/page")))
    return url


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(Term(N_("name a time zone such as Asia/Hong_Kong"))) from None
    return name


def _flag(value: object) -> object:
    """Files hold strings only, the database truth values."""
    words = {"true": True, "yes": True, "false": False, "no": False}
    return words.get(value, value) if isinstance(value, str) else value


Identifier = Annotated[str, Field(pattern=f"^{IDENTIFIER}$")]
Url = Annotated[str, Field(max_length=1000), AfterValidator(safe_url)]
Month = Annotated[date, BeforeValidator(_month)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Zone = Annotated[str, AfterValidator(_zone)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Number = Annotated[Decimal, BeforeValidator(_digits)]
Currency = Literal["HKD", "GBP"]
ImageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}\.(jpg|jpeg|png|gif)$")]
"""The name of a file in the edition's ``images`` folder."""


class Data(BaseModel):
    """Data that takes no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Data):
    """A block without data."""


class Figure(Data):
    """One number: a count, or a sum of money with its ISO 4217 currency."""

    id: Identifier
    value: Number
    currency: Currency | None = None


class Figures(Data):
    """The numbers of a stats block, in order."""

    figures: list[Figure] = Field(min_length=1, max_length=12)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        ids = [figure.id for figure in self.figures]
        if len(set(ids)) < len(ids) or "title" in ids:
            raise ValueError(Term(N_("each figure needs an id of its own, other than title")))
        return self


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


class Letter(Data):
    """A letter, perhaps with a portrait of who signs it."""

    portrait: ImageName | None = None


class Picture(Data):
    """A picture, perhaps leading somewhere. An ornament says nothing, and needs no words in its place."""

    image: ImageName
    url: Url | None = None
    ornament: Flag = False

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.ornament and self.url:
            raise ValueError(Term(N_("an ornament leads nowhere: who sees no pictures has no words to press")))
        return self


class Card(Data):
    """A post or page elsewhere, in a few words: its address, its day, its picture."""

    url: Url
    date: Day | None = None
    image: ImageName | None = None


class DigestCard(Card):
    """One card of a digest."""

    id: Identifier


class Digest(Data):
    """A run of cards: at most ``max`` of them, as they stand or the newest first. ``source``: where they came from."""

    cards: list[DigestCard] = Field(min_length=1, max_length=_MOST_CARDS)
    max: Annotated[int, Field(ge=1, le=_MOST_CARDS)] = _MOST_CARDS
    order: Literal["given", "newest"] = "given"
    source: Url | None = None

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if len({card.id for card in self.cards}) < len(self.cards):
            raise ValueError(Term(N_("each card needs an id of its own")))
        return self

    @property
    def shown(self) -> list[DigestCard]:
        """The cards that readers get, in order; those without a date come last."""
        cards = self.cards
        if self.order == "newest":
            cards = sorted(cards, key=lambda card: card.date or date.min, reverse=True)
        return cards[: self.max]


class Article(Data):
    """A whole article first published elsewhere. ``published`` is its day there; its dateline is a text."""

    source_url: Url | None = None
    published: Day | None = None
    licence: Url | None = None
    image: ImageName | None = None


class Event(Data):
    """Something that happens: by the clock of its place. ``recurrence`` is an RFC 5545 RRULE of weeks or months."""

    start: Moment
    end: Moment
    tz: Zone
    url: Url | None = None
    recurrence: Annotated[str, Field(max_length=200)] | None = None

    @field_validator("recurrence")
    @classmethod
    def _recurs(cls, rule: str | None, before: ValidationInfo) -> str | None:
        if rule is not None and {"start", "tz"} <= before.data.keys():
            demand_rule(rule, before.data["start"], ZoneInfo(before.data["tz"]))
        return rule

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError(Term(N_("an event ends after it starts")))
        return self


class Action(Data):
    """What readers are asked to do: where, and until which day."""

    url: Url
    deadline: Day | None = None


class Donation(Data):
    """Where to give, and sums to suggest."""

    url: Url
    amounts: list[Number] = Field(default_factory=list, max_length=6)
    currency: Currency = "HKD"


def addresses(data: Data) -> Iterator[str]:
    """The pages that a block's data leads readers to."""
    yield from (url for key in ("url", "source_url", "licence") if (url := getattr(data, key, None)))
    if isinstance(data, Links):
        yield from (link.url for link in data.links)
    if isinstance(data, Digest):
        yield from (card.url for card in data.cards)


def pictures(data: Data) -> list[str]:
    """The pictures that a block's data names."""
    held = [data, *(data.cards if isinstance(data, Digest) else [])]
    names = [getattr(each, field, None) for each in held for field in ("image", "portrait")]
    return [name for name in names if name]
