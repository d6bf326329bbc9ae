"""Newsletter and topic: what is published, in whose name, and what one subscribes to."""

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.model.base import Base


class Newsletter(Base):
    """A publication with its look and its sender. Texts for people are ``{tag: text}``."""

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

    topics: Mapped[list["Topic"]] = relationship(back_populates="newsletter")


class Topic(Base):
    """What one subscribes to; each campaign has one."""

    __tablename__ = "topic"
    __table_args__ = (UniqueConstraint("newsletter_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id"))
    slug: Mapped[str]
    name: Mapped[dict[str, Any]]

    newsletter: Mapped[Newsletter] = relationship(back_populates="topics")
