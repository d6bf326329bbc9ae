"""Subscriber and subscription: who reads, what, in which language, and that they asked for it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base
from mailer.vault import Place


class SubscriberState(StrEnum):
    """Whether we may write to this person at all."""

    ACTIVE = "active"
    PAUSED = "paused"
    ERASED = "erased"


class Subscriber(Base):
    """A person. Address and names are sealed under the row's own data key; erasure destroys it.

    ``name`` is as it was typed, ``greeting_name`` what letters call them where they typed that as well:
    nobody can tell from a name which part of it that would be.

    ``ref`` is the row's random name, bound into its seals and used in links; ``provider`` is the
    group of mail exchangers, the domain is not kept; ``provider_due`` is the hour after which the group is
    looked for again, NULL where there is no need. ``mode`` names the languages wanted, ``pace`` how
    often: ``all``, ``monthly`` or ``yearly``.
    """

    __tablename__ = "subscriber"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[bytes] = mapped_column(unique=True)
    data_key: Mapped[bytes | None]
    address: Mapped[bytes | None]
    address_index: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[bytes | None]
    greeting_name: Mapped[bytes | None]
    provider: Mapped[str]
    provider_due: Mapped[datetime | None] = mapped_column(index=True)
    mode: Mapped[str]
    pace: Mapped[str]
    state: Mapped[SubscriberState]
    created_at: Mapped[datetime]


class SubscriptionState(StrEnum):
    """Whether a topic is wanted."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"


class Subscription(Base):
    """Subscriber × topic, and the consent behind it: which form, in which language, in which hour."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "topic_id"),
        Index(None, "topic_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"))
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"))
    state: Mapped[SubscriptionState]
    consent_form: Mapped[str]
    consent_locale: Mapped[str]
    consent_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


def place(column: str, ref: bytes) -> Place:
    """Where a subscriber's sealed field stands."""
    return Place("subscriber", column, ref)
