"""Faults of our own in the midst of a batch: each row still ends in a state that is true."""

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

from mailer import clock
from mailer.db.types import now_in
from mailer.errors import MisconfiguredError, UnavailableError
from mailer.installation import Installation
from mailer.model import Attempt, Campaign, CampaignState, Delivery, DeliveryState, Limit
from mailer.reply import GAVE_UP
from mailer.report.figures import figures
from tests.servers import Postgres
from tests.worker.conftest import MemoryTransport, Run, states
from worker import claim, lane
from worker.claim import Claimed
from worker.drain import Drain
from worker.letter import Issue, Letters
from worker.office import Office
from worker.reap import strays
from worker.record import record
from worker.throttle import Grant, Level
from worker.transport import Fate, Outcome, Parcel

S = DeliveryState


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
    assert states(house, sending.id) == {S.PENDING: 40}
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
    assert states(house, sending.id) == {S.SENT: 40}


@pytest.mark.parametrize(
    "fault", [lambda: ZeroDivisionError("at mei@school.edu.hk"), lambda: MisconfiguredError("broken seal")]
)
@pytest.mark.parametrize("broken", [range(100), [7]])
def test_a_fault_of_ours_fails_no_reader_and_holds_up_no_other(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    drain: Run,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], str],
    broken: Sequence[int],
    fault: Callable[[], Exception],
) -> None:
    whole = Letters.making

    @contextmanager
    def making(letters: Letters, issue: Issue) -> Iterator[Callable[[Claimed], Parcel | Outcome]]:
        def made(row: Claimed) -> Parcel | Outcome:
            if row.id in broken:
                raise fault()
            return make(row)

        with whole(letters, issue) as make:
            yield made

    monkeypatch.setattr(Letters, "making", making)
    drain()
    sent = 40 - sum(number in broken for number in range(1, 41))
    assert len(transport.sent) == sent
    assert states(house, sending.id) == {S.PENDING: 40 - sent} | ({S.SENT: sent} if sent else {})
    assert 1 <= logged().count("letter.kept") <= 8
    with house.database.read() as session:
        later = select(Delivery.reason).where(Delivery.next_at > now_in(60))
        assert [*session.scalars(later)] == ["fault"] * (40 - sent)
    assert "school.edu.hk" not in logged()


def test_what_there_is_no_mail_of_is_given_up_at_the_end_of_its_lifetime(
    house: Installation, sending: Campaign, office: Office, drain: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(type(office.letters), "_parcel", broken)
    for _ in range(2):
        drain()
        with house.database.write() as session:
            assert session.scalar(select(func.count()).select_from(Attempt)) == 40
            session.execute(update(Delivery).values(next_at=None))
    with house.database.write() as session:
        session.execute(update(Attempt).values(at=now_in(-house.settings.lifetime - 1)))
    drain()
    assert states(house, sending.id) == {S.FAILED: 40}
    with house.database.read() as session:
        assert {*session.scalars(select(Delivery.reason))} == {f"{GAVE_UP}fault"}
        assert figures(session, sending.id).state is CampaignState.FINISHED


def test_a_connection_that_breaks_costs_one_row_its_certainty_and_the_others_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    def answer(parcel: Parcel) -> Outcome:
        if parcel.delivery_id == 7:
            raise RuntimeError("out of order")
        return Outcome(Fate.SENT, 250)

    transport.answer = answer
    drain()
    assert states(house, sending.id) == {S.SENT: 39, S.UNCERTAIN: 1}


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
    assert states(house, sending.id) == {S.SENT: 40}


def test_an_outcome_is_written_down_though_its_lane_is_to_end(
    house: Installation, sending: Campaign, transport: MemoryTransport, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain, broke = Drain(office, clock.monotonic() + 0.5), itertools.count()

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
    assert states(house, sending.id)[S.SENT] == len({parcel.recipient for parcel in transport.sent})


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
    assert states(house, sending.id) == {S.SENT: 40}
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
    assert states(house, sending.id) == {S.PENDING: 40}


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
    found = states(house, sending.id)
    assert found[S.UNCERTAIN] == len(cut)
    assert found[S.SENT] == len(transport.sent) - len(cut)
    assert found[S.SENT] + found[S.UNCERTAIN] + found[S.PENDING] == 40
    assert len({parcel.delivery_id for parcel in transport.sent}) == len(transport.sent)


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
    assert states(house, sending.id) == {S.SENT: 40}


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
    assert states(house, sending.id) == {S.SENT: 40}
