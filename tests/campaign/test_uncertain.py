"""Doubts are listed without anybody's name, and settled as a person says."""

import pytest
from sqlalchemy import select

from mailer.campaign import uncertain
from mailer.campaign.ledger import finish, transition
from mailer.installation import Installation
from mailer.model import AuditEntry, Campaign, CampaignState, Delivery, DeliveryState
from mailer.report.figures import figures
from mailer.report.queue import queues

S = DeliveryState


@pytest.fixture
def doubtful(house: Installation, sending: Campaign, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """A campaign that is finished but for ten doubts; they are settled three at a time."""
    monkeypatch.setattr(uncertain, "_AT_ONCE", 3)
    with house.database.write() as session:
        ids = sorted(session.scalars(select(Delivery.id)))
        transition(session, S.PENDING, S.SENDING, ids, new_claim="a")
        transition(session, S.SENDING, S.SENT, ids[10:], claim="a")
        transition(session, S.SENDING, S.UNCERTAIN, ids[:10], claim="a", reason="no reply after the body")
        assert finish(session) == [sending.id]
    return sending


def test_they_are_listed_and_counted(house: Installation, doubtful: Campaign) -> None:
    with house.database.read() as session:
        found = uncertain.doubts(session, doubtful.id, 4)
        assert [d.reason for d in found] == ["no reply after the body"] * 4
        assert uncertain.doubts(session, doubtful.id + 1, 4) == []
        assert queues(session).uncertain == 10


def test_counted_as_sent_they_leave_the_campaign_finished(house: Installation, doubtful: Campaign) -> None:
    assert list(uncertain.settle(house.database, None, S.SENT, "Ada")) == [3, 6, 9, 10]
    with house.database.write() as session:
        finish(session)
        assert +figures(session, doubtful.id).states == {S.SENT: 40}
        assert session.get_one(Campaign, doubtful.id).state is CampaignState.FINISHED
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "queue.settle")).all()
        assert sum(entry.detail["deliveries"] for entry in entries) == 10
        assert {entry.name for entry in entries} == {"Ada"}


def test_sent_again_they_are_marked_and_the_campaign_goes_on(house: Installation, doubtful: Campaign) -> None:
    assert list(uncertain.settle(house.database, doubtful.id, S.PENDING, "Ada"))[-1] == 10
    with house.database.write() as session:
        finish(session)
        assert session.get_one(Campaign, doubtful.id, populate_existing=True).state is CampaignState.SENDING
        marked = session.execute(select(Delivery.state, Delivery.claim).where(Delivery.maybe_doubled)).all()
        assert [tuple(row) for row in marked] == [(S.PENDING, None)] * 10
