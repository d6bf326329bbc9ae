"""Newsletter and topic: what is published, in whose name, and what one subscribes to."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from mailer.errors import InvalidError
from mailer.i18n import N_
from mailer.model.base import Base

_SLOWEST, _FASTEST = 50, 2000


class Images(StrEnum):
    """Where the pictures of a mail are: in the mail, so that opening it contacts nobody, or on our host."""

    EMBEDDED = "embedded"
    HOSTED = "hosted"


class Newsletter(Base):
    """A publication with its look and its sender. Texts for people are ``{tag: text}``; ``logo`` is an image's hash.

    ``han_per_minute`` and ``words_per_minute``: how fast its readers read, where that is not as most do.
    """

    __tablename__ = "newsletter"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[dict[str, Any]]
    sender_name: Mapped[dict[str, Any]]
    sender_address: Mapped[str]
    return_address: Mapped[str]
    postal_address: Mapped[dict[str, Any]]
    list_domain: Mapped[str]
    locales: Mapped[list[str]]
    default_locale: Mapped[str]
    zone: Mapped[str]
    theme: Mapped[dict[str, Any]]
    logo: Mapped[str | None]
    images: Mapped[Images] = mapped_column(default=Images.EMBEDDED)
    han_per_minute: Mapped[int | None]
    words_per_minute: Mapped[int | None]

    topics: Mapped[list["Topic"]] = relationship(back_populates="newsletter")
    terms: Mapped[list["Term"]] = relationship(order_by="Term.id", cascade="all, delete-orphan")

    @validates("han_per_minute", "words_per_minute")
    def _readable(self, name: str, rate: int | None) -> int | None:
        if rate is not None and not _SLOWEST <= rate <= _FASTEST:
            raise InvalidError(
                N_("%(name)s must be a number from %(least)s to %(most)s."), name=name, least=_SLOWEST, most=_FASTEST
            )
        return rate


class Topic(Base):
    """What one subscribes to; each campaign has one."""

    __tablename__ = "topic"
    __table_args__ = (UniqueConstraint("newsletter_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id"))
    slug: Mapped[str]
    name: Mapped[dict[str, Any]]

    newsletter: Mapped[Newsletter] = relationship(back_populates="topics")


class Term(Base):
    """One entry of a newsletter's glossary: what is called what, how never, and how in Simplified."""

    __tablename__ = "term"

    id: Mapped[int] = mapped_column(primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id"))
    en: Mapped[str]
    zh: Mapped[str]
    forbidden: Mapped[list[str]]
    hans: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
