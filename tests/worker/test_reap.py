"""A worker that died, with a journal or without: each of its rows is settled by what is known of it."""

import os
import threading
from collections import Counter

import pytest
from sqlalchemy import select, update

from mailer.campaign import count
from mailer.campaign.ledger import transition
from mailer.db.types import now_in
from mailer.installation import Installation
from mailer.model import Attempt, Campaign, Delivery, DeliveryState, Departure
from tests.worker.conftest import LIFETIME, MemoryTransport, Run, states
from worker.claim import Claimed, claim, lanes
from worker.journal import Journal, journals
from worker.reap import fold_dead, reap, strays
from worker.record import record
from worker.transport import Fate, Outcome

S = DeliveryState


class Dead:
    """A process that claimed everything and died: what it journalled, how its file was left."""

    def __init__(self, house: Installation, campaign: Campaign, lease: float = 300.0) -> None:
        self._house = house
        self._journal = Journal(house.settings.home, house.keys.fingerprint())
        self.token = self._journal.claim()
        with house.database.write() as session:
            self.rows = [
                row
                for provider, _ in sorted(lanes(session))
                for row in claim(session, campaign.id, provider, 40, self.token, lease)
            ]

    def intent(self, *rows: Claimed) -> None:
        for row in rows:
            self._journal.intent(self.token, row.id)

    def result(self, row: Claimed, fate: Fate, code: int) -> None:
        self._journal.result(self.token, row.id, fate, code)

    def recorded(self, outcomes: list[tuple[Claimed, Outcome]]) -> None:
        with self._house.database.write() as session:
            record(session, outcomes, self.token, LIFETIME)
        self._journal.settled(self.token)

    def died(self) -> None:
        os.close(self._journal._file)  # noqa: SLF001 — the lock goes, the file stays


def _row(house: Installation, number: int) -> Delivery:
    with house.database.read() as session:
        return session.get_one(Delivery, number)


def test_a_journal_settles_all_but_what_was_on_the_wire(house: Installation, sending: Campaign) -> None:
    dead = Dead(house, sending)
    begun = dead.rows[:30]
    dead.intent(*begun[:20])
    for row in begun[:15]:
        dead.result(row, Fate.SENT, 250)
    dead.result(begun[15], Fate.DEFERRED, 451)
    dead.result(begun[16], Fate.FAILED, 550)
    dead.died()
    fold_dead(house)
    # On the wire: 17 to 19. Without an intent: 20.
    assert states(house, sending.id) == {S.SENT: 15, S.DEFERRED: 1, S.FAILED: 1, S.UNCERTAIN: 3, S.PENDING: 20}
    # What was answered for and what is in doubt have left, and count once.
    with house.database.read() as session:
        assert sum(session.scalars(select(Departure.n))) == 18
    assert _row(house, begun[15].id).attempts == 1
    assert _row(house, begun[15].id).next_at is not None
    assert (_row(house, begun[16].id).reason or "").startswith("550")
    assert journals(house.settings.home) == []


def test_under_resend_only_what_was_on_the_wire_may_double_and_is_marked(
    house: Installation, sending: Campaign
) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(uncertain_policy="resend"))
    dead = Dead(house, sending)
    dead.intent(*dead.rows[:3])
    dead.result(dead.rows[0], Fate.SENT, 250)
    dead.died()
    fold_dead(house)
    assert states(house, sending.id) == {S.SENT: 1, S.PENDING: 39}
    with house.database.read() as session:
        marked = set(session.scalars(select(Delivery.id).where(Delivery.maybe_doubled)))
    assert marked == {row.id for row in dead.rows[1:3]}


def test_a_message_that_its_workers_die_of_goes_again_ever_later_and_not_for_ever(
    house: Installation, sending: Campaign
) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(uncertain_policy="resend"))
    waits: list[bool] = []
    for tries in (0, 1, 2):
        with house.database.write() as session:
            session.execute(update(Delivery).values(next_at=None))
            if tries == 2:
                session.execute(update(Attempt).values(at=now_in(-LIFETIME - 60)))
        dead = Dead(house, sending)
        dead.intent(*dead.rows)
        dead.died()
        fold_dead(house)
        assert _row(house, dead.rows[0].id).attempts == min(tries + 1, 2)
        with house.database.read() as session:
            waits.append(bool(session.scalar(select(Delivery.id).where(Delivery.next_at > now_in(30)).limit(1))))
    assert waits == [False, True, False]
    assert states(house, sending.id) == {S.UNCERTAIN: 40}


def test_the_living_keep_what_they_hold(house: Installation, sending: Campaign) -> None:
    living = Dead(house, sending)
    fold_dead(house)
    assert states(house, sending.id) == {S.SENDING: 40}
    living.died()
    fold_dead(house)
    assert states(house, sending.id) == {S.PENDING: 40}


def test_who_was_taken_for_dead_elsewhere_is_believed_when_its_journal_is_found(
    house: Installation, sending: Campaign
) -> None:
    dead = Dead(house, sending, lease=-1.0)
    dead.intent(*dead.rows[:10])
    dead.result(dead.rows[0], Fate.SENT, 250)
    with house.database.write() as session:
        assert reap(session, LIFETIME)["uncertain"] == 40
    dead.died()
    fold_dead(house)
    assert states(house, sending.id) == {S.SENT: 1, S.UNCERTAIN: 9, S.PENDING: 30}


def test_the_living_record_what_they_know_even_after_their_lease(house: Installation, sending: Campaign) -> None:
    """As after an outage of the database, when tickers are back before owners."""
    with house.database.write() as session:
        session.execute(update(Campaign).values(uncertain_policy="resend"))
    living = Journal(house.settings.home, house.keys.fingerprint())
    token = living.claim()
    with house.database.write() as session:
        rows = [r for p, _ in sorted(lanes(session)) for r in claim(session, sending.id, p, 40, token, -1.0)]
        assert reap(session, LIFETIME, living).total() == 0
        assert reap(session, LIFETIME)["uncertain"] == 40
    with house.database.write() as session:
        record(session, [(row, Outcome(Fate.SENT, 250)) for row in rows], token, LIFETIME)
    assert states(house, sending.id) == {S.SENT: 40}
    living.settled(token)
    living.close()


def test_what_an_operator_settled_meanwhile_stays_so(house: Installation, sending: Campaign) -> None:
    dead = Dead(house, sending, lease=-1.0)
    dead.intent(*dead.rows)
    for row in dead.rows:
        dead.result(row, Fate.FAILED, 550)
    with house.database.write() as session:
        reap(session, LIFETIME)
        transition(session, S.UNCERTAIN, S.SENT, [row.id for row in dead.rows[:5]])
        transition(session, S.UNCERTAIN, S.PENDING, [row.id for row in dead.rows[5:8]])
    dead.died()
    fold_dead(house)
    assert states(house, sending.id) == {S.SENT: 5, S.PENDING: 3, S.FAILED: 32}


def test_a_doubt_that_its_owner_recorded_stays_one_when_its_journal_has_forgotten_it(
    house: Installation, sending: Campaign
) -> None:
    dead = Dead(house, sending)
    dead.intent(*dead.rows)
    dead.recorded([(row, Outcome(Fate.UNCERTAIN, after_body=True)) for row in dead.rows])
    dead.died()
    fold_dead(house)
    assert states(house, sending.id) == {S.UNCERTAIN: 40}


def test_a_doubt_that_a_reaper_saw_first_is_its_owners_to_record(house: Installation, sending: Campaign) -> None:
    dead = Dead(house, sending, lease=-1.0)
    dead.intent(*dead.rows)
    with house.database.write() as session:
        reap(session, LIFETIME)
    dead.recorded([(row, Outcome(Fate.UNCERTAIN, after_body=True)) for row in dead.rows])
    dead.died()
    fold_dead(house)
    assert states(house, sending.id) == {S.UNCERTAIN: 40}


def test_a_journal_of_rows_that_are_not_there_changes_nothing(house: Installation, sending: Campaign) -> None:
    """As when it is of a campaign that a restored database does not know."""
    stray = Journal(house.settings.home, house.keys.fingerprint())
    claim_ = stray.claim()
    for number in (1, 2, 99_999):
        stray.intent(claim_, number)
        stray.result(claim_, number, Fate.SENT, 250)
    os.close(stray._file)  # noqa: SLF001 — as above
    fold_dead(house)
    assert states(house, sending.id) == {S.PENDING: 40}
    assert journals(house.settings.home) == []


def test_a_zombie_overwrites_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    zombie = Dead(house, sending, lease=-1.0)
    others = [row.id for row in zombie.rows[5:]]
    with house.database.write() as session:
        reap(session, LIFETIME)
        # As when somebody has settled them.
        transition(session, S.UNCERTAIN, S.PENDING, others)
    drain()
    assert len(transport.sent) == len(others) == 35
    with house.database.write() as session:
        record(session, [(row, Outcome(Fate.FAILED, 550)) for row in zombie.rows[5:]], zombie.token, LIFETIME)
    assert states(house, sending.id) == {S.SENT: 35, S.UNCERTAIN: 5}


@pytest.mark.parametrize(("policy", "state"), [("leave", S.UNCERTAIN), ("resend", S.PENDING)])
def test_a_silence_after_the_body_is_waited_out_before_it_is_resent(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    drain: Run,
    policy: str,
    state: DeliveryState,
) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(uncertain_policy=policy))
    transport.answer = lambda _: Outcome(Fate.UNCERTAIN, after_body=True)
    drain()
    assert Counter(parcel.delivery_id for parcel in transport.sent).total() == 40
    assert states(house, sending.id) == {state: 40}
    with house.database.read() as session:
        assert len(session.scalars(select(Delivery.id).where(Delivery.maybe_doubled)).all()) == (
            40 if policy == "resend" else 0
        )
        if policy == "resend":
            soonest = session.scalars(select(Delivery.id).where(Delivery.next_at <= now_in(30.0))).all()
            assert list(soonest) == []


@pytest.mark.parametrize("lease", [300.0, -1.0])
def test_a_claim_whose_commit_was_not_heard_of_is_handed_back(
    house: Installation, sending: Campaign, lease: float
) -> None:
    """The database had it, the answer was lost, and asking again took others."""
    journal = Journal(house.settings.home, house.keys.fingerprint())
    lost, open_ = journal.claim(), journal.claim()
    with house.database.write() as session:
        providers = sorted(provider for provider, _ in lanes(session))
        mine = claim(session, sending.id, providers[0], 3, lost, lease)
        kept = claim(session, sending.id, providers[1], 2, open_, 300.0)
    # Another process has called it uncertain, where the outage was longer than the lease.
    with house.database.write() as session:
        assert reap(session, LIFETIME)["uncertain"] == (3 if lease < 0 else 0)
    journal.settled(lost)
    with house.database.write() as session:
        assert strays(session, journal) == len(mine)
        assert strays(session, journal) == 0
    assert states(house, sending.id) == {S.PENDING: 40 - len(kept), S.SENDING: len(kept)}
    journal.close()


@pytest.mark.databases("postgresql")
def test_a_claim_that_is_still_being_committed_is_waited_for(house: Installation, sending: Campaign) -> None:
    """Its process died after it had asked for that: nothing of it has left."""
    dead = Journal(house.settings.home, house.keys.fingerprint())
    token = dead.claim()
    os.close(dead._file)  # noqa: SLF001 — as above
    folding = threading.Thread(target=fold_dead, args=(house,))
    with house.database.write() as session:
        provider, _ = min(lanes(session))
        assert claim(session, sending.id, provider, 5, token, 300.0)
        count.write(session)
        folding.start()
        folding.join(0.5)
        assert folding.is_alive()
    folding.join()
    assert states(house, sending.id) == {S.PENDING: 40}
