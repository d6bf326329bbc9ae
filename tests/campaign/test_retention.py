"""A campaign that ended long ago keeps its figures and nothing that says who read it."""

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, update

from mailer import clock
from mailer.campaign import campaign as life
from mailer.campaign import proof, retention, uncertain
from mailer.campaign.count import reconcile
from mailer.campaign.ledger import finish, transition
from mailer.campaign.retention import clear, collapse
from mailer.db.types import Now, now_in
from mailer.i18n import EN
from mailer.installation import Installation
from mailer.model import (
    Attempt,
    AuditEntry,
    Base,
    Campaign,
    CampaignState,
    Count,
    Delivery,
    DeliveryState,
    Event,
    EventKind,
    Reason,
    Recipient,
    Subscriber,
    Variant,
)
from mailer.report.figures import figures
from mailer.report.queue import queues
from tests.campaign.test_count import waits
from tests.patience import until

S = DeliveryState
DAYS = 90
LATER = now_in(-(DAYS * 86400 + 60))
SILENCE, REFUSED = "no reply after the body", "550 user unknown"


def _tried(house: Installation, ids: Sequence[int], after: S, reason: str | None = None) -> None:
    with house.database.write() as session:
        transition(session, S.PENDING, S.SENDING, ids, new_claim="one-1")
        transition(session, S.SENDING, after, ids, claim="one-1", reason=reason)


@pytest.fixture
def rows(house: Installation, sending: Campaign) -> list[int]:
    """Forty deliveries: 33 sent, four failed, three in doubt; tried twice each, two of them spoken of by events."""
    with house.database.read() as session:
        ids = sorted(session.scalars(select(Delivery.id).where(Delivery.campaign_id == sending.id)))
    _tried(house, ids[:33], S.SENT)
    _tried(house, ids[33:37], S.FAILED, REFUSED)
    _tried(house, ids[37:], S.UNCERTAIN, SILENCE)
    now = clock.now()
    with house.database.write() as session:
        reader = session.scalars(select(Delivery.subscriber_id).where(Delivery.id == ids[33])).one()
        for row in ids:
            session.add(Attempt(delivery_id=row, at=now, reply="later", after_body=False))
        for row in ids[33:35]:
            told = {"kind": EventKind.BOUNCE, "at": now, "subscriber_id": reader, "data": {"class": "unknown-user"}}
            session.add(Event(**told, delivery_id=row))
        assert finish(session) == [sending.id]
    return ids


def _ended(house: Installation, moment: Now) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(finished_at=moment))


def _collapse(house: Installation) -> int | None:
    with house.database.write() as session:
        return collapse(session, DAYS)


def _clear(house: Installation) -> int:
    with house.database.write() as session:
        return clear(session)


def _left(house: Installation, model: type[Base]) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def _told(house: Installation, campaign: Campaign) -> tuple[object, ...]:
    with house.database.read() as session:
        found = figures(session, campaign.id)
        return (found.state, +found.states, found.by_variant, found.by_provider, list(found.reasons(session).items()))


@pytest.mark.usefixtures("rows")
def test_its_figures_and_reasons_stay_and_its_deliveries_go(house: Installation, sending: Campaign) -> None:
    before = _told(house, sending)
    _ended(house, LATER)
    assert _collapse(house) == sending.id
    # As soon as the book is closed, while most rows are still there.
    assert _told(house, sending) == before
    assert _clear(house) == 37
    assert _clear(house) == 0
    assert _told(house, sending) == before
    assert before[1] == {S.SENT: 33, S.FAILED: 4, S.UNCERTAIN: 3}
    assert before[4] == [(REFUSED, 4), (SILENCE, 3)]
    assert [_left(house, model) for model in (Delivery, Attempt)] == [0, 0]
    assert _left(house, Subscriber) == 40


@pytest.mark.usefixtures("rows")
def test_events_outlive_the_deliveries_that_they_are_about(house: Installation) -> None:
    _ended(house, LATER)
    _collapse(house)
    _clear(house)
    with house.database.read() as session:
        kept = session.execute(select(Event.delivery_id, Event.subscriber_id.is_not(None), Event.data)).all()
    assert [tuple(row) for row in kept] == [(None, True, {"class": "unknown-user"})] * 2


@pytest.mark.usefixtures("rows")
def test_they_go_some_at_a_time_and_a_kill_in_between_loses_no_figure(
    house: Installation, sending: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 10)
    before = _told(house, sending)
    _ended(house, LATER)
    _collapse(house)
    for gone in (10, 10, 10, 7, 0):
        assert _clear(house) == gone
        assert _told(house, sending) == before
        with house.database.write() as session:
            assert reconcile(session, sending.id) == 0
            assert finish(session) == []


@pytest.mark.usefixtures("rows")
def test_before_its_time_nothing_happens_and_never_twice(house: Installation, sending: Campaign) -> None:
    _ended(house, now_in(-(DAYS * 86400 - 60)))
    assert _collapse(house) is None
    assert _clear(house) == 0
    _ended(house, LATER)
    assert _collapse(house) == sending.id
    assert _collapse(house) is None
    assert _left(house, Reason) == 2


def test_one_that_is_under_way_is_kept_however_old(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(started_at=LATER, finished_at=None))
    for state in (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD):
        with house.database.write() as session:
            session.execute(update(Campaign).values(state=state))
        assert _collapse(house) is None
    assert sending
    assert _left(house, Delivery) == 40


def test_one_that_was_cancelled_goes_too_once_all_of_it_is_settled(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        life.cancel(session, life.find(session, sending.id), "Ada")
        session.execute(update(Campaign).values(started_at=LATER))
    assert _collapse(house) is None
    with house.database.write() as session:
        assert life.sweep(session) == 40
    assert _collapse(house) == sending.id
    assert _clear(house) == 40
    assert _told(house, sending)[:2] == (CampaignState.CANCELLED, {S.CANCELLED: 40})


@pytest.mark.usefixtures("rows")
def test_counts_are_proved_a_last_time(house: Installation, sending: Campaign) -> None:
    before = _told(house, sending)
    with house.database.write() as session:
        session.execute(update(Count).where(Count.state == S.SENT).values(n=Count.n + 5))
    _ended(house, LATER)
    assert _collapse(house) == sending.id
    assert _told(house, sending) == before


def test_one_whose_counts_hide_open_rows_is_sent_on_instead(
    house: Installation, sending: Campaign, rows: list[int]
) -> None:
    with house.database.write() as session:
        session.execute(update(Delivery).where(Delivery.id == rows[0]).values(state=S.PENDING))
    _ended(house, LATER)
    assert _collapse(house) is None
    with house.database.write() as session:
        finish(session)
    assert _told(house, sending)[0] is CampaignState.SENDING
    assert _left(house, Delivery) == 40


@pytest.mark.usefixtures("rows")
def test_doubts_stay_counted_and_ask_for_nobody_any_more(house: Installation, sending: Campaign) -> None:
    _ended(house, LATER)
    with house.database.read() as session:
        assert queues(session).uncertain == 3
    _collapse(house)
    with house.database.read() as session:
        assert queues(session).uncertain == 0
        assert uncertain.doubts(session, None, 10) == []
    for after in (S.PENDING, S.SENT):
        assert list(uncertain.settle(house.database, sending.id, after, "Ada")) == []
    _clear(house)
    with house.database.write() as session:
        finish(session)
    assert _told(house, sending)[:2] == (CampaignState.FINISHED, {S.SENT: 33, S.FAILED: 4, S.UNCERTAIN: 3})


@pytest.mark.databases("postgresql")
def test_a_doubt_that_somebody_is_just_settling_is_waited_for(
    house: Installation, sending: Campaign, rows: list[int]
) -> None:
    """It goes again: so the campaign is not at its end after all."""
    _ended(house, LATER)
    found: list[int | None] = []
    other = threading.Thread(target=lambda: found.append(_collapse(house)))
    with house.database.write() as session:
        transition(session, S.UNCERTAIN, S.PENDING, rows[37:])
        other.start()
        until(lambda: waits(house) or not other.is_alive(), 10)
        assert other.is_alive()
    other.join()
    assert found == [None]
    assert _left(house, Delivery) == 40
    assert _told(house, sending)[1] == {S.SENT: 33, S.FAILED: 4, S.PENDING: 3}


def test_of_a_test_nothing_stays_but_its_line_on_record(house: Installation, sending: Campaign) -> None:
    variants = _left(house, Variant)
    for after in (S.SENT, S.UNCERTAIN):
        with house.database.write() as session:
            found = session.merge(sending)
            test = proof.send(session, house.keys, found.edition, found.topic, EN, "tester@harbour.example", "Ada").id
        with house.database.read() as session:
            ids = session.scalars(select(Delivery.id).where(Delivery.campaign_id == test)).all()
        _tried(house, ids, after)
        with house.database.write() as session:
            finish(session)
            session.execute(update(Campaign).where(Campaign.id == test).values(finished_at=LATER))
        assert _collapse(house) == test
        assert _clear(house) == 0
    assert [_left(house, model) for model in (Campaign, Variant, Recipient, Delivery)] == [1, variants, 0, 40]
    with house.database.read() as session:
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.test")).all()) == 2


def test_only_the_commonest_reasons_are_kept(house: Installation, sending: Campaign) -> None:
    with house.database.read() as session:
        ids = sorted(session.scalars(select(Delivery.id)))
    _tried(house, ids[:10], S.FAILED, "mailbox full")
    for number, row in enumerate(ids[10:]):
        _tried(house, [row], S.FAILED, f"queued as {number:02}")
    with house.database.write() as session:
        finish(session)
    before = _told(house, sending)
    _ended(house, LATER)
    _collapse(house)
    _clear(house)
    assert _told(house, sending) == before
    assert _left(house, Reason) == 20
