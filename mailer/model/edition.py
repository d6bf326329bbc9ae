"""Edition, block, text, picture and variant: the content of one issue, and what is frozen of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.model.base import Base, allowed, long_words
from mailer.model.newsletter import Newsletter


class EditionState(StrEnum):
    """A draft may change, an approved edition is frozen; a change makes it a draft again."""

    DRAFT = "draft"
    APPROVED = "approved"


EDITION_STEPS = {
    EditionState.DRAFT: frozenset({EditionState.APPROVED}),
    EditionState.APPROVED: frozenset({EditionState.DRAFT}),
}


class TextStatus(StrEnum):
    """How far a text has come. *Outdated* is derived, never stored."""

    DRAFT = "draft"
    MACHINE = "machine"
    TRANSLATED = "translated"
    REVIEWED = "reviewed"
    APPROVED = "approved"


class Fallback(StrEnum):
    """What is done about a block that a language lacks.

    The edition is refused; the whole block comes in another language, with a notice; or it is left out.
    """

    REFUSE = "refuse"
    NOTICE = "fallback_with_notice"
    OMIT = "omit"


class Layout(StrEnum):
    """How a variant of two languages is laid out: the one below the other, or block by block."""

    STACKED = "stacked"
    INTERLEAVED = "interleaved"


class Edition(Base):
    """One issue: a spine of blocks, a text per language in each.

    ``locales`` are written by people; ``derived`` are converted from one of them when it is frozen.
    """

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("newsletter_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id"))
    slug: Mapped[str]
    kind: Mapped[str]
    template: Mapped[str]
    locales: Mapped[list[str]]
    derived: Mapped[list[str]] = mapped_column(default=list)
    source_locale: Mapped[str]
    policy: Mapped[Fallback] = mapped_column(long_words(Fallback))
    layout: Mapped[Layout]
    state: Mapped[EditionState]
    approval: Mapped[int] = mapped_column(default=0)
    author: Mapped[str]
    approver: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    newsletter: Mapped[Newsletter] = relationship()
    blocks: Mapped[list["Block"]] = relationship(order_by="Block.position", cascade="all, delete-orphan")
    images: Mapped[list["EditionImage"]] = relationship(order_by="EditionImage.name", cascade="all, delete-orphan")

    def can_become(self, state: EditionState) -> bool:
        """Whether the transition table allows it."""
        return allowed(EDITION_STEPS, self.state, state)


class Version(Base):
    """An edition as it was after somebody saved it: ``content`` is a draft's, ``digest`` names it.

    ``action`` says what was done (``save``, ``restore``, ``approve``); nothing changes a version.
    """

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("edition_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    number: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str]
    action: Mapped[str]
    digest: Mapped[str]
    content: Mapped[dict[str, Any]]


class Acknowledgement(Base):
    """A finding that a named person lets pass, and why. ``finding`` names it with the text that it is about."""

    __tablename__ = "acknowledgement"
    __table_args__ = (UniqueConstraint("edition_id", "finding"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    finding: Mapped[str]
    fault: Mapped[str]
    block: Mapped[str]
    locale: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class Block(Base):
    """One piece of an edition. ``data`` is what no language changes: dates, numbers, addresses of pages.

    ``languages``: those that it is meant for, all where there is none. ``required``: whether it may
    be left out where a language lacks it. ``fallback``: another policy than the edition's.
    """

    __tablename__ = "block"
    __table_args__ = (UniqueConstraint("edition_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    position: Mapped[int]
    key: Mapped[str]
    type: Mapped[str]
    languages: Mapped[list[str] | None]
    required: Mapped[bool] = mapped_column(default=True)
    fallback: Mapped[Fallback | None] = mapped_column(long_words(Fallback))
    data: Mapped[dict[str, Any]]

    texts: Mapped[list["Text"]] = relationship(cascade="all, delete-orphan")

    def text(self, locale: str) -> dict[str, str]:
        """The fields in one language; empty where there is none."""
        return next((text.fields for text in self.texts if text.locale == locale), {})


class Text(Base):
    """A block in one language: ``{field: Markdown}``, and what it was translated from."""

    __tablename__ = "text"
    __table_args__ = (UniqueConstraint("block_id", "locale"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    block_id: Mapped[int] = mapped_column(ForeignKey("block.id"))
    locale: Mapped[str]
    fields: Mapped[dict[str, Any]]
    status: Mapped[TextStatus]
    source_hash: Mapped[str | None]
    previous_source: Mapped[dict[str, Any] | None]
    translated_by: Mapped[str | None]
    reviewed_by: Mapped[str | None]
    at: Mapped[datetime]


ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}
"""How the files of pictures are called, by their media type."""


class Image(Base):
    """A picture as mails carry it, named by its SHA-256: checked, small enough, nothing hidden in it."""

    __tablename__ = "image"

    hash: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    content: Mapped[bytes]


class EditionImage(Base):
    """What an edition calls a picture: the name of its file."""

    __tablename__ = "edition_image"

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(ForeignKey("image.hash"))

    image: Mapped[Image] = relationship()


class Variant(Base):
    """An edition in one language mode, frozen by an approval, or for a test mail without one; never changed after it.

    ``content`` holds the parts between the holes of each form (see render/variant.py), ``hash``
    names the whole and is the address of its web version.
    """

    __tablename__ = "variant"
    __table_args__ = (UniqueConstraint("edition_id", "approval", "mode"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    approval: Mapped[int | None]
    mode: Mapped[str]
    hash: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    content: Mapped[dict[str, Any]]
    frozen_at: Mapped[datetime]
