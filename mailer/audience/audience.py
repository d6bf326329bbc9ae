"""Who is meant at a moment: the rules of who gets an edition, as one query."""

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, func, select

from mailer.model import Edition, Subscriber, SubscriberState, Subscription, SubscriptionState, Suppression

# Which kinds of edition each pace takes.
_PACES = {"issue": ("all",), "digest": ("all", "monthly"), "yearly": ("all", "monthly", "yearly")}


def wanted() -> ColumnElement[bool]:
    """Whether a subscriber still wants a topic and may be written to: asked at expansion and again at claim.

    For a query that joins Subscriber with their Subscription to the topic, if any.
    """
    return and_(
        Subscriber.state == SubscriberState.ACTIVE,
        func.coalesce(Subscription.state == SubscriptionState.ACTIVE, False),
        ~exists().where(Suppression.address_index == Subscriber.address_index),
    )


def why_not() -> ColumnElement[str | None]:
    """Why a subscriber is not ``wanted``, in one word; NULL for one who is. For the same queries."""
    return case(
        (exists().where(Suppression.address_index == Subscriber.address_index), "suppressed"),
        (Subscriber.state != SubscriberState.ACTIVE, cast(Subscriber.state, String)),
        (~func.coalesce(Subscription.state == SubscriptionState.ACTIVE, False), "withdrawn"),
    )


def audience(edition: Edition, topic_id: int) -> Select[Subscriber]:
    """The subscribers whom an edition goes to: topic, pace, not suppressed, not paused."""
    return (
        select(Subscriber)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.topic_id == topic_id, wanted(), Subscriber.pace.in_(_PACES[edition.kind]))
    )
