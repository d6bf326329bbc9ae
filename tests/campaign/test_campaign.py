"""A campaign's life beyond its start: scheduled, paused, held, resumed, cancelled, and each step on record."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from mailer import clock
from mailer.campaign import campaign as life
from mailer.campaign.ledger import transition
from mailer.db.types import now_in
from mailer.errors import RefusedError
from mailer.installation import Installation
from mailer.model import AuditEntry, Campaign, CampaignState, Delivery, DeliveryState
from mailer.report.figures import figures

S = CampaignState
Step = Callable[[Session, Campaign, str], None]


def _take(house: Installation, campaign: Campaign, *steps: Step) -> CampaignState:
    for step in steps:
        with house.database.write() as session:
            step(session, life.find(session, campaign.id), "Ada")
    with house.database.read() as session:
        return life.find(session, campaign.id).state


def test_a_pause_is_resumed(house: Installation, sending: Campaign) -> None:
    assert _take(house, sending, life.pause) is S.PAUSED
    assert _take(house, sending, life.resume) is S.SENDING
    with house.database.read() as session:
        said = session.execute(select(AuditEntry.name, AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [tuple(entry) for entry in said[-2:]] == [("Ada", "campaign.pause"), ("Ada", "campaign.resume")]


@pytest.mark.parametrize("step", [life.pause, life.resume])
def test_a_draft_is_neither_paused_nor_resumed(house: Installation, campaign: Campaign, step: Step) -> None:
    with pytest.raises(RefusedError, match="cannot go from “Draft” to"):
        _take(house, campaign, step)


def test_one_held_in_mid_send_goes_on_and_is_not_started_again(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        life.hold(session, life.find(session, sending.id), "twinletter", "restored")
    with pytest.raises(RefusedError, match="resume it instead"), house.database.write() as session:
        life.start(session, life.find(session, sending.id), "Ada")
    assert _take(house, sending, life.resume) is S.SENDING


def test_one_scheduled_is_due_at_its_moment_and_once(house: Installation, campaign: Campaign) -> None:
    with house.database.write() as session:
        life.schedule(session, life.find(session, campaign.id), clock.now() + timedelta(hours=1), "Ada")
        assert life.due(session) is None
    with house.database.write() as session:
        session.execute(update(Campaign).values(scheduled_at=now_in(-1)))
    with house.database.write() as session:
        found = life.due(session)
        assert found is not None
        assert life.start(session, found, "twinletter") == 40
    with house.database.write() as session:
        assert life.due(session) is None


def test_a_moment_that_is_past_is_refused(house: Installation, campaign: Campaign) -> None:
    with pytest.raises(RefusedError, match="has passed"), house.database.write() as session:
        life.schedule(session, life.find(session, campaign.id), clock.now() - timedelta(seconds=1), "Ada")


def test_one_held_before_its_start_waits_for_its_time_again(house: Installation, campaign: Campaign) -> None:
    with house.database.write() as session:
        found = life.find(session, campaign.id)
        life.schedule(session, found, clock.now() + timedelta(hours=1), "Ada")
        life.hold(session, found, "twinletter", "restored")
    assert _take(house, campaign, life.resume) is S.SCHEDULED


def test_what_was_not_sent_when_it_was_cancelled_never_is(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        ids = list(session.scalars(select(Delivery.id)))
        transition(session, DeliveryState.PENDING, DeliveryState.SENDING, ids[:5], new_claim="a")
        transition(session, DeliveryState.SENDING, DeliveryState.SENT, ids[:3], claim="a")
        transition(session, DeliveryState.SENDING, DeliveryState.DEFERRED, ids[3:4], claim="a")
    assert _take(house, sending, life.cancel) is S.CANCELLED
    with house.database.write() as session:
        assert life.sweep(session) == 36
        assert life.sweep(session) == 0
        # The one on the wire comes to its own end.
        transition(session, DeliveryState.SENDING, DeliveryState.SENT, ids, claim="a")
    with house.database.read() as session:
        assert +figures(session, sending.id).states == {DeliveryState.SENT: 4, DeliveryState.CANCELLED: 36}
        assert session.scalar(select(func.count()).where(Delivery.reason == "cancelled")) == 36
    with pytest.raises(RefusedError):
        _take(house, sending, life.resume)


def test_one_that_was_started_is_not_scheduled(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        found = life.find(session, sending.id)
        life.hold(session, found, "twinletter", "restored")
        with pytest.raises(RefusedError, match="resume it instead"):
            life.schedule(session, found, clock.now() + timedelta(hours=1), "Ada")
