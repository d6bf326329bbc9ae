"""Event and suppression: what came back after the sending, and to whom we never write again."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base


class EventKind(StrEnum):
    """What came later."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    RESUBSCRIBE = "resubscribe"


class Event(Base):
    """One happening, to the hour, with what the program needs to know of it and no more.

    It outlives the delivery that it is about.
    """

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[EventKind]
    at: Mapped[datetime]
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id"), index=True)
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    data: Mapped[dict[str, Any]]


class Suppression(Base):
    """An address, by its blind index alone, that is never written to again."""

    __tablename__ = "suppression"

    address_index: Mapped[bytes] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime]
