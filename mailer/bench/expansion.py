"""Expansion beside its reference: a bare INSERT … SELECT into a table with the ledger's columns and indexes.

What the reference leaves out: who is suppressed, which variant each reader gets, foreign keys, counts, the record.
"""

from typing import cast

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint, false, func, insert, literal, select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.campaign.campaign import find, start
from mailer.db import Database
from mailer.demo.organisation import AUTHOR
from mailer.model import Delivery, DeliveryState, Subscriber, SubscriberState, Subscription, SubscriptionState, Variant

_LEDGER = cast(Table, Delivery.__table__)
BARE = Table(
    "bare",
    MetaData(),
    *(
        Column(column.name, column.type, primary_key=column.primary_key, nullable=column.nullable)
        for column in _LEDGER.columns
    ),
    UniqueConstraint("campaign_id", "dedupe_key"),
    *(
        Index(f"bare_{index.name}", *index.columns.keys(), **index.dialect_kwargs)
        for index in sorted(_LEDGER.indexes, key=lambda index: str(index.name))
    ),
)


def fill(session: Session, campaign_id: int, topic_id: int) -> None:
    """The reference for one campaign; its table must be there."""
    source = (
        select(
            literal(campaign_id),
            Subscriber.id,
            literal(session.scalar(select(func.min(Variant.id)))),
            Subscriber.address_index,
            Subscriber.provider,
            literal(DeliveryState.PENDING.value),
            false(),
            false(),
            literal(0),
        )
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(
            Subscription.topic_id == topic_id,
            Subscription.state == SubscriptionState.ACTIVE,
            Subscriber.state == SubscriberState.ACTIVE,
        )
    )
    columns = ["campaign_id", "subscriber_id", "variant_id", "dedupe_key", "provider", "state"]
    session.execute(insert(BARE).from_select([*columns, "fallback", "maybe_doubled", "attempts"], source))


def reference(database: Database, campaign_id: int, topic_id: int) -> float:
    """Seconds that the reference takes, its commit included."""
    with database.write() as session:
        BARE.create(session.connection(), checkfirst=True)
    with database.read() as session:
        # Read once, so that neither side has to fetch the audience from the disk.
        session.execute(select(Subscriber.id, Subscriber.address_index, Subscription.id).join(Subscription)).all()
    began = clock.monotonic()
    with database.write() as session:
        fill(session, campaign_id, topic_id)
    return clock.monotonic() - began


def expand(database: Database, campaign_id: int) -> float:
    """Start a campaign; seconds that this takes, its commit included."""
    began = clock.monotonic()
    with database.write() as session:
        start(session, find(session, campaign_id), AUTHOR)
    return clock.monotonic() - began
