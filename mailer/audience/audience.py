"""Who is meant at a moment: the rules of who gets an edition, as one query."""

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, exists, select

from mailer.model import Edition, Subscriber, SubscriberState, Subscription, SubscriptionState, Suppression

# Which kinds of edition each pace takes.
_PACES = {"issue": ("all",), "digest": ("all", "monthly"), "yearly": ("all", "monthly", "yearly")}


def may_receive(topic_id: int | SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a subscriber still wants a topic and may be written to: asked at expansion and again at claim."""
    return and_(
        Subscriber.state == SubscriberState.ACTIVE,
        exists().where(
            Subscription.subscriber_id == Subscriber.id,
            Subscription.topic_id == topic_id,
            Subscription.state == SubscriptionState.ACTIVE,
        ),
        ~exists().where(Suppression.address_index == Subscriber.address_index),
    )


def audience(edition: Edition, topic_id: int) -> Select[Subscriber]:
    """The subscribers whom an edition goes to: topic, pace, not suppressed, not paused."""
    return select(Subscriber).where(may_receive(topic_id), Subscriber.pace.in_(_PACES[edition.kind]))
