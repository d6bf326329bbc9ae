"""Batches: a row goes in its own place in time, with a mail that is made once, or not at all."""

import asyncio

import pytest

from mailer import clock
from mailer.reply import CLASSES, SILENT
from tests.worker import line
from tests.worker.conftest import MemoryTransport
from worker.batch import Batch, Make
from worker.claim import Claimed
from worker.journal import Journal
from worker.pace import Pace
from worker.throttle import Grant
from worker.transport import Fate, Outcome, Parcel

# What uses it has the keys and the tables that a journal belongs to.
pytestmark = pytest.mark.usefixtures("house")


def _parcel(row: Claimed) -> Parcel:
    return Parcel(row.id, "", "", ())


async def _any_time(wanted: int) -> Grant:
    return Grant(wanted, 0.0, 0.0)


def _transmitted(
    journal: Journal, transport: MemoryTransport, pace: Pace, rows: int, make: Make = _parcel
) -> list[Outcome]:
    """What became of so many rows over three connections."""
    lease_over = clock.monotonic() + 60
    batch = Batch([*map(line.row, range(rows))], make, journal.claim(), journal, pace, lambda _: True, lease_over)
    asyncio.run(batch.transmit([transport] * 3))
    return [outcome for _, outcome in batch.settled()]


def test_a_row_whose_place_was_missed_goes_back_where_there_is_none_soon(
    transport: MemoryTransport, journal: Journal
) -> None:
    async def none_soon(_: int) -> Grant:
        return Grant(0, 9.0, 0.01)

    late = Pace(Grant(1, 0.0, 0.01), clock.monotonic() - 1.0, none_soon)
    (outcome,) = _transmitted(journal, transport, late, 1)
    assert (outcome.fate, transport.sent) == (Fate.KEPT, [])


@pytest.mark.parametrize("seconds", [0.0, 0.005])
def test_each_mail_is_made_once_however_long_that_takes(
    transport: MemoryTransport, journal: Journal, seconds: float
) -> None:
    made = []

    def make(row: Claimed) -> Parcel:
        clock.sleep(seconds)
        made.append(row.id)
        return _parcel(row)

    outcomes = _transmitted(journal, transport, Pace(Grant(20, 0.0, 0.001), clock.monotonic(), _any_time), 20, make)
    assert {outcome.fate for outcome in outcomes} == {Fate.SENT}
    assert sorted(made) == sorted(parcel.delivery_id for parcel in transport.sent) == [*range(20)]


@pytest.mark.parametrize(
    "answer",
    [
        Outcome(Fate.DEFERRED, 450, kind=CLASSES["greylisted"], unreached=True),
        Outcome(Fate.DEFERRED, reply="no answer in time", kind=SILENT, unreached=True),
    ],
    ids=["nobody is let in", "nobody is there"],
)
def test_where_no_session_comes_about_no_connection_knocks_twice(
    transport: MemoryTransport, journal: Journal, answer: Outcome
) -> None:
    transport.answer = lambda _: answer
    outcomes = _transmitted(journal, transport, Pace(Grant(20, 0.0, 0.0), clock.monotonic(), _any_time), 20)
    knocked = sum(outcome.fate is Fate.DEFERRED for outcome in outcomes)
    assert 1 <= knocked <= 3
    assert sum(outcome.fate is Fate.KEPT for outcome in outcomes) == 20 - knocked


def test_one_that_broke_among_those_that_work_keeps_nothing_back(transport: MemoryTransport, journal: Journal) -> None:
    broke = Outcome(Fate.UNSENT, reply="connection refused", unreached=True)
    transport.answer = lambda parcel: broke if parcel.delivery_id == 15 else Outcome(Fate.SENT, 250)
    outcomes = _transmitted(journal, transport, Pace(Grant(20, 0.0, 0.0), clock.monotonic(), _any_time), 20)
    assert [outcome.fate for outcome in outcomes].count(Fate.SENT) == 19
