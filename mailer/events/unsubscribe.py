"""Unsubscribing and taking it back: one subscriber, one topic, always idempotent."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.errors import NotFoundError
from mailer.i18n import N_
from mailer.model import Event, EventKind, Subscriber, Subscription, SubscriptionState, Topic


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands, for the page: nothing of the person but their language."""

    topic: dict[str, str]
    organisation: dict[str, str]
    active: bool
    mode: str


def standing(session: Session, ref: bytes, topic_id: int) -> Standing:
    """How it stands now. Raises NotFoundError where there is no such subscription."""
    row = _find(session, ref, topic_id)
    topic = session.get_one(Topic, topic_id)
    mode = session.scalar(select(Subscriber.mode).where(Subscriber.id == row.subscriber_id))
    return Standing(topic.name, topic.newsletter.sender_name, row.state is SubscriptionState.ACTIVE, str(mode))


def unsubscribe(session: Session, ref: bytes, topic_id: int) -> None:
    """Withdraw; nothing happens where that was done before. The next claim knows it."""
    _set(session, ref, topic_id, SubscriptionState.WITHDRAWN, EventKind.UNSUBSCRIBE)


def resubscribe(session: Session, ref: bytes, topic_id: int) -> None:
    """Take a withdrawal back, under the consent given before."""
    _set(session, ref, topic_id, SubscriptionState.ACTIVE, EventKind.RESUBSCRIBE)


def _set(session: Session, ref: bytes, topic_id: int, state: SubscriptionState, kind: EventKind) -> None:
    row = _find(session, ref, topic_id)
    if row.state is state:
        return
    row.state = state
    row.withdrawn_at = clock.this_hour() if state is SubscriptionState.WITHDRAWN else None
    session.add(Event(kind=kind, at=clock.this_hour(), subscriber_id=row.subscriber_id, topic_id=topic_id, data={}))


def _find(session: Session, ref: bytes, topic_id: int) -> Subscription:
    row = session.scalar(
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.ref == ref, Subscription.topic_id == topic_id)
        .with_for_update(of=Subscription)
    )
    if row is None:
        raise NotFoundError(N_("This subscription does not exist any more."))
    return row
