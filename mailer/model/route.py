"""Routes: the servers that mail leaves by, and which mail each of them is for."""

from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base
from mailer.vault import Place


class Mechanism(StrEnum):
    """How a relay is told who we are (RFC 4954)."""

    PLAIN = "PLAIN"
    LOGIN = "LOGIN"
    XOAUTH2 = "XOAUTH2"
    """The secret is a token that somebody else has given us and that ends within hours
    (developers.google.com/gmail/imap/xoauth2-protocol)."""


class Route(Base):
    """A relay, or straight to readers' exchangers; who we are there is sealed.

    ``weight``: its share among those that may take the same mail; 0 for one that stands by for when the others are
    out of order. ``provider`` and ``newsletter_id``: what it is for alone, where it is not for everything.
    """

    __tablename__ = "route"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    ca_file: Mapped[str] = mapped_column(default="")
    mechanism: Mapped[str | None]
    ref: Mapped[bytes]
    data_key: Mapped[bytes]
    username: Mapped[bytes | None]
    secret: Mapped[bytes | None]
    weight: Mapped[int] = mapped_column(default=1)
    provider: Mapped[str | None]
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id"))


def route_place(column: str, ref: bytes) -> Place:
    """Where a route's sealed field stands."""
    return Place("route", column, ref)
