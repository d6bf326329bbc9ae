"""Delivery and attempt: the ledger, one row per recipient, in exactly one honest state."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, bindparam, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base
from mailer.vault import Place


class DeliveryState(StrEnum):
    """Where one message to one recipient stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


_S = DeliveryState
DELIVERY_STEPS = {
    _S.PENDING: frozenset({_S.SENDING, _S.CANCELLED, _S.SUPPRESSED}),
    # Back to pending only where it is known that nothing left this machine.
    _S.SENDING: frozenset({_S.SENT, _S.DEFERRED, _S.FAILED, _S.UNCERTAIN, _S.PENDING}),
    _S.DEFERRED: frozenset({_S.SENDING, _S.CANCELLED, _S.SUPPRESSED, _S.FAILED}),
    _S.UNCERTAIN: frozenset({_S.PENDING, _S.SENT, _S.FAILED}),
    _S.SENT: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.SUPPRESSED: frozenset(),
}
CLAIMABLE = (_S.PENDING, _S.DEFERRED)
OPEN = (*CLAIMABLE, _S.SENDING)
UNHAPPY = (_S.FAILED, _S.UNCERTAIN, _S.DEFERRED, _S.PENDING)
"""Those whose reason tells what went wrong."""


def _partial(name: str, *columns: str, states: str) -> Index:
    """An index over the rows in some states only: small however long the ledger grows."""
    where = text(f"state IN ({states})")
    return Index(f"ix_delivery_{name}", *columns, sqlite_where=where, postgresql_where=where)


class Delivery(Base):
    """One message to one recipient.

    ``claim`` is the token of the worker that holds the row until ``lease_until`` (the database's
    clock); ``dedupe_key`` is the blind index of the address, so that one address gets one copy.
    ``fallback``: the reader's mode was not on offer. ``maybe_doubled``: sent again after doubt. ``route``: by
    which it was last claimed to go. Without a subscriber it has a ``Recipient``.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("campaign_id", "dedupe_key"),
        _partial("pending", "provider", "campaign_id", "id", states="'pending'"),
        _partial("deferred", "provider", "campaign_id", "next_at", states="'deferred'"),
        _partial("held", "lease_until", states="'sending'"),
        _partial("uncertain", "campaign_id", "id", states="'uncertain'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    dedupe_key: Mapped[bytes]
    provider: Mapped[str]
    state: Mapped[DeliveryState]
    reason: Mapped[str | None]
    fallback: Mapped[bool]
    maybe_doubled: Mapped[bool]
    attempts: Mapped[int]
    claim: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    route: Mapped[str | None]


class Recipient(Base):
    """Whom a mail goes to that goes to no subscriber, such as a test: sealed, and erased once that is settled."""

    __tablename__ = "recipient"

    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    ref: Mapped[bytes]
    data_key: Mapped[bytes]
    address: Mapped[bytes]


def recipient_place(column: str, ref: bytes) -> Place:
    """Where a recipient's sealed field stands."""
    return Place("recipient", column, ref)


def among(states: Sequence[DeliveryState]) -> ColumnElement[bool]:
    """Whether a delivery is in one of ``states``, written out: a bound value would hide the partial indexes."""
    return Delivery.state.in_(bindparam(None, states, unique=True, expanding=True, literal_execute=True))


class Attempt(Base):
    """A try that did not end in 250 at once: what was answered, scrubbed, and whether the body had left."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), index=True)
    at: Mapped[datetime]
    code: Mapped[int | None]
    enhanced: Mapped[str | None]
    reply: Mapped[str]
    after_body: Mapped[bool]
