"""Readers who change their minds, and a database that is put back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from mailer.events.unsubscribe import resubscribe, unsubscribe
from mailer.events.withdrawals import Entry, Kind, read
from mailer.installation import Installation
from mailer.model import (
    Campaign,
    CampaignState,
    Event,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from mailer.model import Installation as InstallationRow

HOUR = datetime(2026, 11, 25, 14, tzinfo=UTC)
INDEX = bytes(range(32))
LINE = f"2026-11-25T14Z withdraw 3 {INDEX.hex()}\n".encode()
ENTRY = Entry(HOUR, Kind.WITHDRAW, 3, INDEX)


@pytest.fixture
def file(house: Installation) -> Path:
    return house.settings.withdrawals


def entries(file: Path) -> list[Entry]:
    return read(file).entries()[0]


def readers(house: Installation, n: int) -> list[tuple[bytes, bytes]]:
    """Reference and blind index of some readers."""
    with house.database.read() as session:
        rows = session.execute(select(Subscriber.ref, Subscriber.address_index).order_by(Subscriber.id).limit(n))
        return [(ref, address_index) for ref, address_index in rows]


def change(house: Installation, campaign: Campaign, ref: bytes, *, undo: bool = False) -> None:
    with house.database.write() as session:
        (resubscribe if undo else unsubscribe)(session, ref, campaign.topic_id, house.settings.withdrawals)


def state_of(house: Installation, ref: bytes) -> SubscriptionState:
    with house.database.read() as session:
        wanted = select(Subscription.state).join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        return session.scalars(wanted.where(Subscriber.ref == ref)).one()


def events_noted(house: Installation) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def restore_backup(house: Installation, *, read: int = 0, seen_at: datetime | None = None) -> None:
    """The database as it was before anybody withdrew."""
    with house.database.write() as session:
        session.execute(delete(Event))
        session.execute(update(Subscription).values(state=SubscriptionState.ACTIVE, withdrawn_at=None))
        session.execute(update(InstallationRow).values(withdrawals_read=read, seen_at=seen_at))


def campaign_state(house: Installation, number: int) -> CampaignState:
    with house.database.read() as session:
        return session.get_one(Campaign, number).state
