"""One round of the ticker: each of its duties, and that one's fault is not the others'."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from mailer import clock, vault
from mailer.campaign import campaign as life
from mailer.campaign.count import hollow
from mailer.config import Settings
from mailer.db.types import now_in
from mailer.events import withdrawals
from mailer.events.withdrawals import Entry, Kind
from mailer.installation import Installation
from mailer.model import (
    AuditEntry,
    Campaign,
    CampaignState,
    Count,
    Delivery,
    DeliveryState,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from mailer.vault import Algorithm, KeyState
from mailer.vault.rotation import made
from tests.worker.conftest import Run, states
from tests.worker.test_reap import Dead
from worker import ticker as room
from worker.journal import Journal
from worker.ticker import Ticker

S = DeliveryState


@pytest.fixture
def ticker(house: Installation, journal: Journal) -> Ticker:
    def woken(*, unmoved: bool) -> None:
        assert unmoved in (True, False)

    return Ticker(house, journal, woken, lambda: False, lambda: None)


def _state(house: Installation) -> CampaignState:
    with house.database.read() as session:
        return session.scalars(select(Campaign.state)).one()


def test_a_dead_neighbours_journal_is_folded(house: Installation, sending: Campaign, ticker: Ticker) -> None:
    dead = Dead(house, sending)
    dead.intent(dead.rows[0])
    dead.died()
    ticker.tick()
    assert states(house, sending.id) == {S.UNCERTAIN: 1, S.PENDING: 39}


def test_leases_that_are_over_are_reaped(house: Installation, sending: Campaign, ticker: Ticker) -> None:
    Dead(house, sending, lease=-1.0)
    ticker.tick()
    assert states(house, sending.id) == {S.UNCERTAIN: 40}


def test_what_is_due_is_started_and_what_is_cancelled_swept(
    house: Installation, campaign: Campaign, ticker: Ticker
) -> None:
    with house.database.write() as session:
        life.schedule(session, life.find(session, campaign.id), clock.now() + timedelta(hours=1), "Ada")
        session.execute(update(Campaign).values(scheduled_at=now_in(-1)))
    ticker.tick()
    assert states(house, campaign.id) == {S.PENDING: 40}
    with house.database.write() as session:
        life.cancel(session, life.find(session, campaign.id), "Ada")
    ticker.tick()
    assert states(house, campaign.id) == {S.CANCELLED: 40}


def test_one_that_cannot_be_started_is_held_and_stops_nothing_else(
    house: Installation, sending: Campaign, ticker: Ticker
) -> None:
    """Started once already: its deliveries are there, and making them again breaks."""
    with house.database.write() as session:
        changed = {"state": CampaignState.SCHEDULED, "scheduled_at": now_in(-1), "started_at": None}
        session.execute(update(Campaign).values(changed))
        session.execute(update(Delivery).values(state=S.SENDING, claim="x-1", lease_until=now_in(-1)))
    ticker.tick()
    assert sending
    assert _state(house) is CampaignState.HELD
    with house.database.read() as session:
        assert set(session.scalars(select(Delivery.state))) == {S.UNCERTAIN}


def test_a_withdrawal_that_only_the_file_knows_is_carried_out(
    house: Installation, sending: Campaign, ticker: Ticker
) -> None:
    with house.database.read() as session:
        index = session.scalars(select(Subscriber.address_index).limit(1)).one()
    hour = clock.this_hour() + timedelta(hours=1)
    withdrawals.append(house.settings.withdrawals, Entry(hour, Kind.WITHDRAW, sending.topic_id, index))
    ticker.tick()
    with house.database.read() as session:
        gone = select(Subscription.id).where(Subscription.state == SubscriptionState.WITHDRAWN)
        assert len(session.scalars(gone).all()) == 1


def test_a_database_that_is_older_than_it_was_is_held(house: Installation, sending: Campaign, ticker: Ticker) -> None:
    ticker.tick()
    with house.database.write() as session:
        session.connection().exec_driver_sql("UPDATE installation SET seen_at = '2020-01-01 00:00:00'")
    ticker.tick()
    assert sending
    assert _state(house) is CampaignState.HELD


def test_one_duty_that_breaks_leaves_the_others(
    house: Installation, sending: Campaign, ticker: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "catch_up", lambda _: 1 // 0)
    living = Dead(house, sending, lease=-1.0)
    ticker.tick()
    assert living.rows
    assert states(house, sending.id) == {S.UNCERTAIN: 40}


@pytest.mark.parametrize("state", [S.PENDING, S.DEFERRED, S.SENDING])
def test_a_count_of_what_is_not_there_keeps_no_campaign_open(
    house: Installation, sending: Campaign, ticker: Ticker, drain: Run, state: S
) -> None:
    drain()
    with house.database.write() as session:
        key = {"campaign_id": sending.id, "variant_id": 1, "provider": "gmail", "state": state}
        session.merge(Count(**key, n=2))
        session.execute(update(Campaign).values(state=CampaignState.SENDING))
    for _ in range(3):
        ticker.tick()
    assert _state(house) is CampaignState.FINISHED
    assert states(house, sending.id) == {S.SENT: 40}


def test_what_waits_is_left_alone_by_proofs(house: Installation, sending: Campaign, ticker: Ticker) -> None:
    with house.database.read() as session:
        assert hollow(session) == []
    for _ in range(3):
        ticker.tick()
    assert _state(house) is CampaignState.SENDING
    assert states(house, sending.id) == {S.PENDING: 40}


def test_counts_are_proved_every_hour(
    house: Installation, sending: Campaign, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def woken(*, unmoved: bool) -> None:
        assert unmoved in (True, False)

    monkeypatch.setattr(room, "_PROOF_SECONDS", 0.0)
    hourly = Ticker(house, journal, woken, lambda: False, lambda: None)
    with house.database.write() as session:
        session.execute(update(Count).values(n=Count.n + 3))
    for _ in range(2):
        hourly.tick()
    assert states(house, sending.id) == {S.PENDING: 40}


def test_what_ended_long_ago_becomes_counts(house: Installation, sending: Campaign, ticker: Ticker, drain: Run) -> None:
    drain()
    ticker.tick()
    days = house.settings.retention
    with house.database.write() as session:
        session.execute(update(Campaign).values(finished_at=now_in(-days * 86400 - 60)))
    # Nothing was left to do, so that it looks again in an hour only.
    ticker.tick()
    assert _deliveries(house) == 40
    ticker._collapse_at = 0.0  # noqa: SLF001 — the hour is over
    ticker.tick()
    ticker.tick()
    assert _deliveries(house) == 0
    assert states(house, sending.id) == {S.SENT: 40}


def _deliveries(house: Installation) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(Delivery)) or 0


def test_whose_provider_nobody_knows_is_looked_for(house: Installation, ticker: Ticker) -> None:
    asked: list[Installation] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "renew", asked.append)
        ticker.tick()
    assert asked == [house]


@pytest.mark.parametrize(("lacks", "why"), [("key", "No key signs mails"), ("pages", "MAILER_PUBLIC_URL")])
def test_a_scheduled_campaign_that_is_not_fit_to_go_is_held_and_it_is_said_why(
    house: Installation, campaign: Campaign, ticker: Ticker, lacks: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where that was changed while the worker was at work."""
    if lacks == "key":
        other = made("x.example", Algorithm.ED25519, KeyState.SIGNING)
        vault.change(house.settings.key_file, house.settings.home, other)
    else:
        monkeypatch.setattr(Settings, "has_pages", False)
    with house.database.write() as session:
        found = session.get_one(Campaign, campaign.id)
        life.schedule(session, found, clock.now() + timedelta(hours=1), "Ada")
        session.execute(update(Campaign).values(scheduled_at=now_in(-1)))
    ticker.tick()
    assert _state(house) is CampaignState.HELD
    with house.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.hold")).one()
    assert why in str(entry.detail["why"])
