import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from mailer import clock, queue
from mailer.campaign.ledger import finish
from mailer.db.types import now_in
from mailer.errors import MisconfiguredError, UnavailableError
from mailer.events.unsubscribe import unsubscribe
from mailer.installation import Installation
from mailer.model import (
    Attempt,
    Campaign,
    CampaignState,
    Delivery,
    DeliveryState,
    Limit,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    Suppression,
)
from mailer.reply import GAVE_UP, SILENT
from mailer.report.figures import figures
from mailer.report.trouble import stuck
from tests.servers import Postgres
from tests.worker.conftest import LIFETIME, MemoryTransport
from worker import claim, lane
from worker.claim import Claimed
from worker.drain import Drain
from worker.letter import Issue
from worker.office import Office
from worker.reap import reap, strays
from worker.record import record
from worker.throttle import Grant, Level
from worker.throttle.redis import RedisThrottle
from worker.throttle.sql import SqlThrottle
from worker.throttle.store import store
from worker.transport import Fate, Outcome, Parcel

S = DeliveryState
Run = Callable[..., bool]


def _states(house: Installation, campaign: Campaign) -> Counter[DeliveryState]:
    with house.database.read() as session:
        return figures(session, campaign.id).states


def test_everybody_gets_one_mail_and_the_campaign_is_finished(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert drain() is False
    assert len({parcel.recipient for parcel in transport.sent}) == len(transport.sent) == 40
    assert _states(house, sending) == {S.SENT: 40}
    with house.database.read() as session:
        assert session.get_one(Campaign, sending.id).state is CampaignState.FINISHED


def test_who_unsubscribes_after_the_expansion_gets_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        ref = session.scalars(select(Subscriber.ref).limit(1)).one()
        unsubscribe(session, ref, sending.topic_id, house.settings.withdrawals)
    drain()
    assert len(transport.sent) == 39
    assert _states(house, sending) == {S.SENT: 39, S.SUPPRESSED: 1}


def test_every_fate_is_written_down(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    answers = {
        1: Outcome(Fate.FAILED, 550, "5.1.1", "5.1.1 no such mailbox"),
        2: Outcome(Fate.DEFERRED, 451, "4.7.1", "4.7.1 later"),
        3: Outcome(Fate.UNCERTAIN, reply="timeout", after_body=True),
        4: Outcome(Fate.UNSENT, reply="connection refused"),
    }
    transport.answer = lambda parcel: answers.get(parcel.delivery_id, Outcome(Fate.SENT, 250))
    drain(4.0)
    assert _states(house, sending) == {S.SENT: 36, S.FAILED: 1, S.DEFERRED: 1, S.UNCERTAIN: 1, S.PENDING: 1}
    with house.database.read() as session:
        rows = {row.id: row for row in session.scalars(select(Delivery).where(Delivery.id.in_(answers)))}
        assert rows[1].reason == "550 5.1.1 no such mailbox"
        assert {number for number, row in rows.items() if row.next_at} == {2}
        assert rows[2].attempts == 1
        tries = {row.delivery_id: (row.code, row.after_body) for row in session.scalars(select(Attempt))}
        assert tries == {1: (550, False), 2: (451, False), 3: (None, True)}


def test_a_deferred_delivery_goes_again_when_it_is_due(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    transport.answer = lambda _: Outcome(Fate.DEFERRED, 451)
    drain(4.0)
    assert _states(house, sending) == {S.DEFERRED: 40}
    with house.database.write() as session:
        session.execute(update(Delivery).values(next_at=now_in(-1)))
    transport.sent.clear()
    transport.answer = lambda _: Outcome(Fate.SENT, 250)
    drain()
    assert len(transport.sent) == 40
    assert _states(house, sending) == {S.SENT: 40}


def test_a_paused_campaign_sends_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(state=CampaignState.PAUSED))
    assert drain() is False
    assert transport.sent == []
    assert _states(house, sending) == {S.PENDING: 40}


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
    assert _states(house, sending) == {S.UNCERTAIN: 40}
    # Its owner has had time to come back.
    with house.database.write() as session:
        session.execute(update(Delivery).where(Delivery.claim.is_not(None)).values(settled_at=now_in(-60)))
    with house.database.write() as session:
        assert reap(session, LIFETIME).total() == (40 if policy == "resend" else 0)
    assert _states(house, sending) == {state: 40}
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
    assert _states(house, sending)[S.UNCERTAIN] == len(rows)
    with house.database.write() as session:
        record(session, sent, "zombie", LIFETIME)
    assert _states(house, sending)[S.SENT] == len(rows)


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
    assert _states(house, sending) == {S.SENT: 40}


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
    drain(4.0)
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


def test_who_is_passed_over_is_so_for_the_true_reason(house: Installation, sending: Campaign, drain: Run) -> None:
    with house.database.write() as session:
        one, two, three, *_ = session.scalars(select(Subscriber).order_by(Subscriber.id)).all()
        session.add(Suppression(address_index=one.address_index, reason="complaint", at=one.created_at))
        two.state = SubscriberState.PAUSED
        unsubscribe(session, three.ref, sending.topic_id, house.settings.withdrawals)
    drain()
    with house.database.read() as session:
        found = select(Delivery.subscriber_id, Delivery.reason).where(Delivery.state == S.SUPPRESSED)
        reasons = dict(session.execute(found).all())
    assert reasons == {one.id: "suppressed", two.id: "paused", three.id: "withdrawn"}


@pytest.mark.parametrize("cause", ["lease", "journal", "relay too"])
def test_where_nothing_left_at_all_it_pauses_and_says_the_true_cause(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    cause: str,
) -> None:
    tries: Counter[int] = Counter()

    async def send(parcel: Parcel, leaving: Callable[[], None], _: object = None) -> Outcome:
        tries[parcel.delivery_id] += 1
        if cause == "relay too" and parcel.delivery_id % 2:
            return Outcome(Fate.UNSENT, reply="connection refused")
        leaving()
        return Outcome(Fate.SENT, 250)

    def full(*_: Any) -> None:
        raise UnavailableError("the disk is full")

    monkeypatch.setattr(transport, "send", send)
    if cause == "lease":
        # As after a commit that took as long as the lease.
        monkeypatch.setattr(transport, "timeout", house.settings.lease + 1)
    else:
        monkeypatch.setattr(office.journal, "intent", full)
    asyncio.run(Drain(office, clock.monotonic() + 2.0).run())
    logged = "".join(capfd.readouterr())
    assert _states(house, sending) == {S.PENDING: 40}
    assert max(tries.values(), default=0) <= 4
    assert logged.count("retry_in=0.5") <= 10
    assert ("relay.unavailable" in logged) is (cause == "relay too")
    assert {"lease": "the lease is nearly over", "journal": "the disk is full"}.get(cause, "refused") in logged


def test_a_throttle_that_fails_loses_no_outcome(
    house: Installation, sending: Campaign, transport: MemoryTransport, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.database.write() as session:
        session.add(Limit(scope="all", per_second=200.0))
    asked = itertools.count()
    reserve = office.throttle.reserve

    def moody(levels: Sequence[Level], want: int) -> Grant:
        if next(asked) % 3 == 2:
            raise UnavailableError("the store is away")
        return reserve(levels, want)

    monkeypatch.setattr(office.throttle, "reserve", moody)
    asyncio.run(Drain(office, clock.monotonic() + 30).run())
    assert len({parcel.recipient for parcel in transport.sent}) == len(transport.sent) == 40
    assert _states(house, sending) == {S.SENT: 40}


@pytest.mark.parametrize(
    "fault", [lambda: ZeroDivisionError("at mei@school.edu.hk"), lambda: MisconfiguredError("broken seal")]
)
@pytest.mark.parametrize("broken", [range(100), [7]])
def test_a_fault_of_ours_fails_no_reader_and_holds_up_no_other(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    broken: Sequence[int],
    fault: Callable[[], Exception],
) -> None:
    whole = office.letters.making

    @contextmanager
    def making(issue: Issue) -> Iterator[Callable[[Claimed], Parcel | Outcome]]:
        def made(row: Claimed) -> Parcel | Outcome:
            if row.id in broken:
                raise fault()
            return make(row)

        with whole(issue) as make:
            yield made

    monkeypatch.setattr(office.letters, "making", making)
    asyncio.run(Drain(office, clock.monotonic() + 4.0).run())
    sent = 40 - sum(number in broken for number in range(1, 41))
    assert len(transport.sent) == sent
    assert _states(house, sending) == {S.PENDING: 40 - sent} | ({S.SENT: sent} if sent else {})
    logged = "".join(capfd.readouterr())
    assert 1 <= logged.count("letter.kept") <= 8
    with house.database.read() as session:
        later = select(Delivery.reason).where(Delivery.next_at > now_in(60))
        assert [*session.scalars(later)] == ["fault"] * (40 - sent)
    assert "school.edu.hk" not in logged


def test_what_there_is_no_mail_of_is_given_up_at_the_end_of_its_lifetime(
    house: Installation, sending: Campaign, office: Office, drain: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(type(office.letters), "_parcel", broken)
    for _ in range(2):
        drain(4.0)
        with house.database.write() as session:
            assert session.scalar(select(func.count()).select_from(Attempt)) == 40
            session.execute(update(Delivery).values(next_at=None))
    with house.database.write() as session:
        session.execute(update(Attempt).values(at=now_in(-house.settings.lifetime - 1)))
    drain()
    assert _states(house, sending) == {S.FAILED: 40}
    with house.database.read() as session:
        assert {*session.scalars(select(Delivery.reason))} == {f"{GAVE_UP}fault"}
        assert figures(session, sending.id).state is CampaignState.FINISHED


def test_what_no_server_was_there_for_says_so_until_it_is_sent(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    transport.answer = lambda _: Outcome(Fate.UNSENT, reply="connection refused", kind=SILENT, unreached=True)
    drain(4.0)
    assert _states(house, sending) == {S.PENDING: 40}
    with house.database.read() as session:
        assert {*stuck(session).values()} == {"silent"}
        assert stuck(session, sending.id + 1) == {}
    transport.answer = lambda _: Outcome(Fate.SENT, 250)
    drain()
    with house.database.read() as session:
        assert stuck(session) == {}
        assert {*session.scalars(select(Delivery.reason))} == {None}


def test_a_connection_that_breaks_costs_one_row_its_certainty_and_the_others_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    def answer(parcel: Parcel) -> Outcome:
        if parcel.delivery_id == 7:
            raise RuntimeError("out of order")
        return Outcome(Fate.SENT, 250)

    transport.answer = answer
    drain()
    assert _states(house, sending) == {S.SENT: 39, S.UNCERTAIN: 1}


def test_a_stop_and_a_pause_hold_in_mid_batch(
    house: Installation, sending: Campaign, transport: MemoryTransport, office: Office
) -> None:
    def answer(_: Parcel) -> Outcome:
        if len(transport.sent) == 10:
            office.stopping = lambda: True
            office.sending = frozenset()
        return Outcome(Fate.SENT, 250)

    transport.answer = answer
    asyncio.run(Drain(office, clock.monotonic() + 30).run())
    assert len(transport.sent) < 40
    assert _states(house, sending) == {S.SENT: len(transport.sent), S.PENDING: 40 - len(transport.sent)}


def test_who_withdraws_while_a_slow_server_thinks_gets_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server takes its time with the name; meanwhile all withdraw; then it is ready for the body."""
    bodies: list[int] = []

    async def slow(parcel: Parcel, leaving: Callable[[], None], _: object = None) -> Outcome:
        await asyncio.sleep(1.5)
        leaving()
        bodies.append(parcel.delivery_id)
        return Outcome(Fate.SENT, 250)

    def withdraw() -> None:
        with house.database.write() as session:
            session.execute(update(Subscription).values(state=SubscriptionState.WITHDRAWN))

    monkeypatch.setattr(transport, "send", slow)
    timer = threading.Timer(0.4, withdraw)
    timer.start()
    asyncio.run(Drain(office, clock.monotonic() + 6).run())
    timer.join()
    assert bodies == []
    assert _states(house, sending) == {S.SUPPRESSED: 40}


@pytest.mark.parametrize("broker", ["", "redis://127.0.0.1:1/0"])
def test_a_private_redis_shares_no_limits(house: Installation, broker: str) -> None:
    private = f"redis+socket://{queue.folder(house.settings)}/redis.sock?virtual_host=0"
    told = house.settings.model_copy(update={"broker_url": broker or private})
    kind = type(store(Installation(told, house.database, house.keys)))
    assert kind is (RedisThrottle if broker else SqlThrottle)


def test_an_outcome_is_written_down_whatever_breaks_meanwhile(
    house: Installation, sending: Campaign, drain: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = itertools.count()

    def moody(*arguments: Any) -> None:
        if next(asked) < 3:
            raise RuntimeError("a plan that is out of date")
        record(*arguments)

    monkeypatch.setattr(lane, "record", moody)
    drain()
    assert _states(house, sending) == {S.SENT: 40}


def test_an_outcome_is_written_down_though_its_lane_is_to_end(
    house: Installation, sending: Campaign, transport: MemoryTransport, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain, broke = Drain(office, clock.monotonic() + 6.0), itertools.count()

    def away(*arguments: Any) -> None:
        if next(broke) < 3:
            for each in drain._lanes.values():  # noqa: SLF001 — as the drain itself does when its minute is over
                each.stop()
            raise RuntimeError("a plan that is out of date")
        record(*arguments)

    monkeypatch.setattr(lane, "record", away)
    asyncio.run(drain.run())
    assert transport.sent
    assert not _stuck(house, office)
    assert _states(house, sending)[S.SENT] == len({parcel.recipient for parcel in transport.sent})


def test_a_claim_that_came_through_unheard_is_handed_back_before_it_is_made_again(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    office: Office,
    drain: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database took it, and the answer to the commit was lost."""
    taken: list[int] = []
    take, write = claim.claim, house.database.write

    def claiming(*args: Any) -> list[Claimed]:
        rows = take(*args)
        taken.append(len(rows))
        return rows

    @contextmanager
    def losing() -> Iterator[Session]:
        before = len(taken)
        with write() as session:
            yield session
        if len(taken) == 1 > before:
            raise UnavailableError("the connection was lost")

    monkeypatch.setattr(claim, "claim", claiming)
    monkeypatch.setattr(house.database, "write", losing)
    drain()
    assert taken[0] > 0
    assert len({parcel.recipient for parcel in transport.sent}) == len(transport.sent) == 40
    assert _states(house, sending) == {S.SENT: 40}
    assert office.installation.database is house.database


def _stuck(house: Installation, office: Office) -> bool:
    """Whether something is held that no ticker of this living process would settle."""
    with house.database.write() as session:
        strays(session, office.journal)
    with house.database.read() as session:
        return session.scalars(select(Delivery.id).where(Delivery.state == S.SENDING)).first() is not None


@pytest.mark.parametrize("step", ["claim", "learn"])
def test_a_fault_before_the_first_octet_strands_nothing(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    def breaks(*_: Any) -> None:
        raise RuntimeError("a plan that is out of date")

    monkeypatch.setattr(claim if step == "claim" else office.letters, step, breaks)
    asyncio.run(Drain(office, clock.monotonic() + 1.0).run())
    assert transport.sent == []
    assert not _stuck(house, office)
    assert _states(house, sending) == {S.PENDING: 40}


@pytest.mark.parametrize("breaks", ["a connection", "the log of a way"])
def test_a_fault_in_mid_batch_leaves_in_doubt_what_was_on_the_wire_and_nothing_else(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    breaks: str,
) -> None:
    cut: list[int] = []

    def answer(parcel: Parcel) -> Outcome:
        if breaks == "a connection" and len(transport.sent) == 5:
            cut.append(parcel.delivery_id)
            raise asyncio.CancelledError
        return Outcome(Fate.SENT, 250)

    def silent(*_: object) -> None:
        raise OSError("nobody reads the log")

    transport.answer = answer
    if breaks == "the log of a way":
        monkeypatch.setattr(office.routes, "tell", silent)
    asyncio.run(Drain(office, clock.monotonic() + 3.0).run())
    assert not _stuck(house, office)
    states = _states(house, sending)
    assert states[S.UNCERTAIN] == len(cut)
    assert states[S.SENT] == len(transport.sent) - len(cut)
    assert states[S.SENT] + states[S.UNCERTAIN] + states[S.PENDING] == 40
    assert len({parcel.delivery_id for parcel in transport.sent}) == len(transport.sent)


def test_a_mail_is_addressed_and_filled_for_its_reader_alone(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert sending
    drain()
    with house.database.read() as session:
        tokens = {
            house.keys.unsubscribe_token(ref, sending.topic_id)
            for ref in session.scalars(select(Subscriber.ref).join(Subscription))
        }
    seen: Counter[str] = Counter()
    for parcel in transport.sent:
        header = parcel.content.partition(b"\r\n\r\n")[0].decode()
        assert f"<{parcel.recipient}>" in header or f"To: {parcel.recipient}" in header
        seen.update(token for token in tokens if token in header)
    assert seen == dict.fromkeys(tokens, 1)


def test_limits_are_kept_by_lanes_together(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert sending
    with house.database.write() as session:
        session.add(Limit(scope="all", per_second=20.0))
    times: list[float] = []

    def note(_: Parcel) -> Outcome:
        times.append(clock.monotonic())
        return Outcome(Fate.SENT, 250)

    transport.answer = note
    drain()
    assert max(sum(start <= at < start + 1.0 for at in times) for start in times) <= 22


def test_a_database_that_comes_back_is_waited_for(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    drain: Run,
    lose_database: Callable[[], Callable[[], None]],
) -> None:
    def lose(_: Parcel) -> Outcome:
        if len(transport.sent) == 5:
            threading.Timer(1.0, lose_database()).start()
        return Outcome(Fate.SENT, 250)

    transport.answer = lose
    drain()
    assert len({parcel.recipient for parcel in transport.sent}) == len(transport.sent) == 40
    assert _states(house, sending) == {S.SENT: 40}


@pytest.mark.databases("postgresql")
def test_what_was_sent_is_kept_while_a_database_takes_no_writes(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run, postgres: Postgres
) -> None:
    name = house.settings.database_url.partition("@/")[2].partition("?")[0]

    def lose(_: Parcel) -> Outcome:
        if len(transport.sent) == 5:
            postgres.read_only(name, on=True)
            threading.Timer(1.5, postgres.read_only, [name], {"on": False}).start()
        return Outcome(Fate.SENT, 250)

    transport.answer = lose
    drain()
    assert len({parcel.recipient for parcel in transport.sent}) == len(transport.sent) == 40
    assert _states(house, sending) == {S.SENT: 40}


def test_a_relay_that_is_away_is_not_hammered_and_then_used_again(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    transport.answer = lambda _: Outcome(Fate.UNSENT, reply="connection refused")
    drain(2.0)
    assert len(transport.sent) <= 4 * 40
    assert _states(house, sending) == {S.PENDING: 40}
    transport.sent.clear()
    transport.answer = lambda _: Outcome(Fate.SENT, 250)
    drain()
    assert len(transport.sent) == 40
    assert _states(house, sending) == {S.SENT: 40}


def test_nothing_of_a_person_is_logged(
    sending: Campaign, transport: MemoryTransport, drain: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert sending
    transport.answer = lambda _: Outcome(Fate.UNSENT, reply="refused")
    drain(4.0)
    logged = "".join(capfd.readouterr())
    assert "relay.unavailable" in logged
    assert not any(parcel.recipient in logged for parcel in transport.sent)
