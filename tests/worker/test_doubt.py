"""What may have left and may not: settled by who knows better, and by nobody twice."""

import itertools

import pytest
from sqlalchemy import select, update

from mailer.campaign.ledger import finish
from mailer.db.types import now_in
from mailer.installation import Installation
from mailer.model import Attempt, Campaign, CampaignState, Delivery, DeliveryState
from tests.worker.conftest import LIFETIME, MemoryTransport, Run, states
from worker import claim
from worker.reap import reap
from worker.record import record
from worker.transport import Fate, Outcome

S = DeliveryState


@pytest.mark.parametrize(("policy", "state"), [("leave", S.UNCERTAIN), ("resend", S.PENDING)])
def test_what_a_dead_worker_held_is_settled_honestly(
    house: Installation, sending: Campaign, policy: str, state: DeliveryState
) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(uncertain_policy=policy))
        providers = [provider for provider, _ in claim.lanes(session)]
        taken = [row for p in providers for row in claim.claim(session, sending.id, p, 40, "dead", -1.0)]
        assert len(taken) == 40
        assert reap(session, LIFETIME).total() == 40
    assert states(house, sending.id) == {S.UNCERTAIN: 40}
    # Its owner has had time to come back.
    with house.database.write() as session:
        session.execute(update(Delivery).where(Delivery.claim.is_not(None)).values(settled_at=now_in(-60)))
    with house.database.write() as session:
        assert reap(session, LIFETIME).total() == (40 if policy == "resend" else 0)
    assert states(house, sending.id) == {state: 40}
    with house.database.read() as session:
        assert len(session.scalars(select(Delivery.id).where(Delivery.maybe_doubled)).all()) == (
            40 if policy == "resend" else 0
        )


def test_a_returning_owner_settles_its_own_uncertain_rows_and_nobody_elses(
    house: Installation, sending: Campaign
) -> None:
    with house.database.write() as session:
        provider = next(provider for provider, _ in claim.lanes(session))
        rows = claim.claim(session, sending.id, provider, 40, "zombie", -1.0)
        reap(session, LIFETIME)
        sent = [(row, Outcome(Fate.SENT, 250)) for row in rows]
        record(session, sent, "stranger", LIFETIME)
    assert states(house, sending.id)[S.UNCERTAIN] == len(rows)
    with house.database.write() as session:
        record(session, sent, "zombie", LIFETIME)
    assert states(house, sending.id)[S.SENT] == len(rows)


def test_a_doubt_settled_as_unsent_reopens_its_campaign(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        rows = [r for p, _ in claim.lanes(session) for r in claim.claim(session, sending.id, p, 40, "late", -1.0)]
        reap(session, LIFETIME)
    drain()
    with house.database.write() as session:
        assert session.get_one(Campaign, sending.id).state is CampaignState.FINISHED
        record(session, [(row, Outcome(Fate.UNSENT)) for row in rows], "late", LIFETIME)
        assert finish(session) == []
    drain()
    assert len(transport.sent) == 40
    assert states(house, sending.id) == {S.SENT: 40}


@pytest.mark.parametrize("policy", ["leave", "resend"])
def test_what_is_recorded_twice_is_one_try(house: Installation, sending: Campaign, policy: str) -> None:
    """As where the answer to a commit was lost, and it is asked for again."""
    with house.database.write() as session:
        session.execute(update(Campaign).values(uncertain_policy=policy))
    with house.database.write() as session:
        rows = [r for p, _ in claim.lanes(session) for r in claim.claim(session, sending.id, p, 40, "a", 60.0)]
    fates = itertools.cycle([Fate.UNCERTAIN, Fate.DEFERRED, Fate.FAILED, Fate.SENT])
    outcomes = [(row, Outcome(fate, after_body=True)) for row, fate in zip(rows, fates, strict=False)]
    for _ in range(2):
        with house.database.write() as session:
            record(session, outcomes, "a", LIFETIME)
    with house.database.read() as session:
        assert sorted(session.scalars(select(Attempt.delivery_id))) == sorted(
            row.id for row, outcome in outcomes if outcome.fate is not Fate.SENT
        )


def test_what_is_sent_after_all_keeps_nothing_of_its_doubt(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert sending
    with house.database.write() as session:
        session.execute(update(Campaign).values(uncertain_policy="resend"))
    answers = [Fate.SENT, Fate.DEFERRED, Fate.UNCERTAIN]
    transport.answer = lambda parcel: Outcome(answers[parcel.delivery_id % 3], reply="later", after_body=True)
    drain()
    with house.database.write() as session:
        open_ = session.scalars(select(Delivery).where(Delivery.state != S.SENT)).all()
        assert {(row.settled_at, row.reason) for row in open_} == {(None, "later")}
        session.execute(update(Delivery).values(next_at=now_in(-1)))
    transport.answer = lambda _: Outcome(Fate.SENT, 250)
    drain()
    with house.database.read() as session:
        rows = session.scalars(select(Delivery)).all()
        assert {row.reason for row in rows} == {None}
        assert all(row.settled_at for row in rows)
