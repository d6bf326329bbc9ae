"""Unsubscribing and taking it back: one subscriber, one topic, always idempotent."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.errors import NotFoundError
from mailer.events.withdrawals import Entry, Kind, append
from mailer.i18n import N_
from mailer.model import Event, EventKind, Installation, Subscriber, Subscription, SubscriptionState, Topic

STATES = {Kind.WITHDRAW: SubscriptionState.WITHDRAWN, Kind.RESTORE: SubscriptionState.ACTIVE}
"""What a wish makes of a subscription."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands, for the page: nothing of the person but their language."""

    topic: dict[str, str]
    organisation: dict[str, str]
    active: bool
    mode: str


def standing(session: Session, ref: bytes, topic_id: int) -> Standing:
    """How it stands now. Raises NotFoundError where there is no such subscription."""
    row, subscriber = _find(session, ref, topic_id)
    topic = session.get_one(Topic, topic_id)
    active = row.state is SubscriptionState.ACTIVE
    return Standing(topic.name, topic.newsletter.sender_name, active, subscriber.mode)


def unsubscribe(session: Session, ref: bytes, topic_id: int, file: Path) -> None:
    """Withdraw, in the withdrawals ``file`` first; nothing happens where that was done before.

    The next claim knows it. Raises UnavailableError, and changes nothing, where the file cannot be written.
    """
    _wish(session, ref, topic_id, file, Kind.WITHDRAW)


def resubscribe(session: Session, ref: bytes, topic_id: int, file: Path) -> None:
    """Take a withdrawal back, under the consent given before; the same otherwise."""
    _wish(session, ref, topic_id, file, Kind.RESTORE)


def _wish(session: Session, ref: bytes, topic_id: int, file: Path, kind: Kind) -> None:
    # The row stays locked until the end, so that a withdrawal and its undoing, sent at once by an
    # impatient reader, have one order in the file and in the database.
    row, subscriber = _find(session, ref, topic_id, lock=True)
    if row.state is STATES[kind]:
        return
    hour = clock.this_hour()
    # One that is lost is not begun anew: what stood in it would be forgotten without a word.
    begun = session.scalars(select(Installation.withdrawals_read)).one() > 0
    append(file, Entry(hour, kind, topic_id, subscriber.address_index), begun=begun)
    change(session, row, STATES[kind], hour)


def change(session: Session, row: Subscription, state: SubscriptionState, hour: datetime) -> None:
    """Change a subscription, and note that it happened in ``hour``."""
    withdrawn = state is SubscriptionState.WITHDRAWN
    row.state = state
    row.withdrawn_at = hour if withdrawn else None
    kind = EventKind.UNSUBSCRIBE if withdrawn else EventKind.RESUBSCRIBE
    session.add(Event(kind=kind, at=hour, subscriber_id=row.subscriber_id, topic_id=row.topic_id, data={}))


def _find(session: Session, ref: bytes, topic_id: int, *, lock: bool = False) -> tuple[Subscription, Subscriber]:
    wanted = (
        select(Subscription, Subscriber)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.ref == ref, Subscription.topic_id == topic_id)
    )
    found = session.execute(wanted.with_for_update(of=Subscription) if lock else wanted).one_or_none()
    if found is None:
        raise NotFoundError(N_("This subscription does not exist any more."))
    return found[0], found[1]
