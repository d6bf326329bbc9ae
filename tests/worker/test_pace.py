"""Lanes and the throttle: what servers answer changes the pace, limits change in mid-run, connections are shared."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import update

from mailer import clock
from mailer.campaign import limit
from mailer.campaign.allowance import allowances
from mailer.campaign.defaults import DEFAULTS
from mailer.campaign.route import RELAY, Way
from mailer.installation import Installation
from mailer.model import Campaign, DeliveryState, Limit
from mailer.reply import CLASSES
from mailer.report.figures import figures
from tests.windows import fullest
from tests.worker.conftest import MemoryTransport, Run
from tests.worker.hasty import HastyLoop
from worker.connections import Connections
from worker.lane import Lane, Turn
from worker.office import Office
from worker.pace import Pace, left
from worker.throttle import Cap, Grant, Level, News
from worker.transport import Fate, Outcome, Parcel

S = DeliveryState
GMAIL = "provider:gmail"


def _to_gmail(parcel: Parcel) -> bool:
    return parcel.recipient.endswith("@gmail.com")


def _gmail(house: Installation, campaign: Campaign) -> dict[DeliveryState, int]:
    with house.database.read() as session:
        return +figures(session, campaign.id).by_provider["gmail"]


def _limit(house: Installation, scope: str, **terms: float | None) -> None:
    with house.database.write() as session:
        limit.change(session, scope, "Ada", **terms)


@pytest.fixture
def news(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[News]:
    """What the throttle was told of Gmail."""
    told: list[News] = []
    report = office.throttle.report

    def listen(levels: Sequence[Level], news: News) -> None:
        if any(level.scope.startswith(GMAIL) for level in levels):
            told.append(news)
        report(levels, news)

    monkeypatch.setattr(office.throttle, "report", listen)
    return told


@pytest.mark.parametrize(("fate", "state"), [(Fate.DEFERRED, S.DEFERRED), (Fate.UNSENT, S.PENDING)])
def test_who_wants_less_gets_nothing_for_a_while_and_the_others_all(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    drain: Run,
    news: list[News],
    fate: Fate,
    state: DeliveryState,
) -> None:
    """As they say it of one message, and as they say it when we come in."""
    _limit(house, GMAIL, per_second=400.0)
    slow = Outcome(fate, 421, "4.7.0", "4.7.0 too fast", kind=CLASSES["too-fast"])
    transport.answer = lambda parcel: slow if _to_gmail(parcel) else Outcome(Fate.SENT, 250)
    others = 40 - sum(_gmail(house, sending).values())
    drain(enough=lambda: bool(news) and sum(not _to_gmail(parcel) for parcel in transport.sent) == others)
    drain(1.5)
    tried = sum(_to_gmail(parcel) for parcel in transport.sent)
    assert 1 <= tried <= house.settings.connections
    states = _gmail(house, sending)
    assert states.pop(state) >= tried
    assert states.keys() <= {S.PENDING}
    (told,) = news
    assert (told.taken, told.slowed) == (0, True)
    with house.database.read() as session:
        assert figures(session, sending.id).states[S.SENT] == others == len(transport.sent) - tried > 20


def test_what_is_taken_is_told_and_what_is_one_mailboxs_own_slows_nobody(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run, news: list[News]
) -> None:
    _limit(house, GMAIL, per_second=400.0)
    grey = Outcome(Fate.DEFERRED, 451, "4.7.1", "4.7.1 greylisted", kind=CLASSES["greylisted"])
    silence = Outcome(Fate.DEFERRED, reply="no answer in time", kind=CLASSES["silent"])
    transport.answer = lambda parcel: [Outcome(Fate.SENT, 250), grey, silence][parcel.delivery_id % 3]
    drain()
    states = _gmail(house, sending)
    assert states.keys() == {S.SENT, S.DEFERRED}
    assert sum(each.taken for each in news) == states[S.SENT]
    assert not any(each.slowed for each in news)


def test_a_limit_that_is_lowered_meanwhile_holds_within_a_second_or_two(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert sending
    _limit(house, "all", per_second=20.0)
    times: list[float] = []

    def note(_: Parcel) -> Outcome:
        times.append(clock.monotonic())
        if len(times) == 10:
            with house.database.write() as session:
                session.execute(update(Limit).values(per_second=3.0))
        return Outcome(Fate.SENT, 250)

    def later() -> list[float]:
        # What was granted already reaches a second ahead, and limits are looked at twice a second.
        return [at for at in times if at > times[9] + 2.0] if len(times) > 9 else []

    transport.answer = note
    drain(enough=lambda: len(later()) >= 8)
    assert len(later()) >= 8
    # One at either end of a second, and one that was late by less than its interval.
    assert fullest(later()) <= 3 + 2


@pytest.mark.databases("sqlite")
def test_a_store_that_is_lost_in_mid_send_loses_and_doubles_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    _limit(house, "all", per_second=20.0)
    times: list[float] = []

    def lose(_: Parcel) -> Outcome:
        times.append(clock.monotonic())
        if len(times) == 10:
            for file in house.settings.home.glob("throttle.db*"):
                file.unlink()
        return Outcome(Fate.SENT, 250)

    transport.answer = lose
    drain()
    assert len({parcel.recipient for parcel in transport.sent}) == len(transport.sent) == 40
    with house.database.read() as session:
        assert +figures(session, sending.id).states == {S.SENT: 40}
    # A grant of what was lost may overlap with the first of what is new, and no more.
    assert max(sum(start <= at < start + 1.0 for at in times) for start in times) <= 2 * 20


@pytest.mark.parametrize(
    ("interval", "seconds", "expected"),
    [(0.0, 9.0, 4), (0.25, 0.02, 4), (0.25, 0.6, 2), (0.25, 1.01, 0), (0.01, 0.021, 2), (0.01, 0.2, 0), (10.0, 5.0, 4)],
)
def test_a_place_whose_time_is_over_is_not_given_back(interval: float, seconds: float, expected: int) -> None:
    """Others were granted what came after it: given back, it would go on top of that."""
    assert left(Grant(4, 0.0, interval), seconds) == expected


@dataclass
class _Renews:
    """A throttle whose places are all missed, and which has one more, a lasting one, by when nobody may go any more."""

    withdraw: Callable[[], None]
    end: Callable[[], None] = lambda: None
    told: list[News] = field(default_factory=list)
    asked: int = 0

    def reserve(self, _: Sequence[Level], __: int) -> Grant:
        self.asked += 1
        if self.asked == 2:
            self.withdraw()
        return {1: Grant(5, 0.0, 0.001), 2: Grant(1, 0.0, 100.0)}.get(self.asked, Grant(0, 99.0, 1.0))

    def report(self, _: Sequence[Level], news: News) -> None:
        self.told.append(news)
        self.end()

    def lease(self, _: Sequence[Cap], __: Sequence[str], want: int, ___: float) -> int:
        return want


def test_a_renewed_place_that_is_not_used_is_given_back(
    house: Installation, sending: Campaign, transport: MemoryTransport, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withdraw() -> None:
        office.unwanted = frozenset(range(1, 100))

    async def slow(parcel: Parcel, leaving: Callable[[], None], _: object = None) -> Outcome:
        await asyncio.sleep(0.2)
        leaving()
        transport.sent.append(parcel)
        return Outcome(Fate.SENT, 250)

    async def one_batch() -> None:
        lane = Lane(office, "gmail")
        with house.database.read() as session:
            (ways,) = allowances(session, {("gmail", sending.id)}).values()
        lane.assign({sending.id: Turn(test=False, ways=ways)})
        throttle.end = lane.rest
        await lane.run()

    monkeypatch.setattr(transport, "send", slow)
    office.throttle = throttle = _Renews(withdraw)
    office.sending = frozenset({sending.id})
    asyncio.run(one_batch())
    assert throttle.told[0] == News(unused=1, taken=len(transport.sent))
    assert len(transport.sent) < 5


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Runner]:
    """Time goes by this loop, which nobody waits for."""
    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        monkeypatch.setattr(clock, "monotonic", runner.get_loop().time)
        yield runner


def _kept(timed: asyncio.Runner, pace: Pace, wanted: int, connections: int = 3) -> list[float]:
    """When each of so many messages might go, on so many connections."""
    went: list[float] = []
    waiting = list(range(wanted))

    async def work() -> None:
        while waiting:
            waiting.pop()
            if await pace.keep(len(waiting) + 1):
                went.append(clock.monotonic())

    async def main() -> None:
        await asyncio.gather(*(work() for _ in range(connections)))

    timed.run(main())
    return went


def test_all_places_that_were_missed_are_asked_for_anew_in_one_question(timed: asyncio.Runner) -> None:
    asked: list[int] = []

    async def renew(wanted: int) -> Grant:
        asked.append(wanted)
        return Grant(wanted, 0.0, 0.001)

    # Of ten places eight are over; as many come anew, a place each, in their own time.
    pace = Pace(Grant(10, 0.0, 0.05), clock.monotonic() - 0.42, renew)
    assert len(_kept(timed, pace, 10)) == 10
    assert asked == [8]


def test_places_are_kept_whoever_takes_them_first(timed: asyncio.Runner) -> None:
    async def renew(wanted: int) -> Grant:
        return Grant(wanted, 0.0, 0.02)

    began = clock.monotonic()
    went = _kept(timed, Pace(Grant(8, 0.0, 0.02), began, renew), 8)
    assert all(at >= began + place * 0.02 for place, at in enumerate(sorted(went)))


def test_a_place_is_taken_at_once_only_when_it_has_come() -> None:
    async def renew(wanted: int) -> Grant:
        return Grant(wanted, 0.0, 60.0)

    pace = Pace(Grant(3, 0.0, 60.0), clock.monotonic(), renew)
    assert [pace.take(), pace.take()] == [True, False]
    free = Pace(Grant(1, 0.0, 0.0), clock.monotonic(), renew)
    assert [free.take() for _ in range(3)] == [True] * 3


@pytest.fixture
def busiest(transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many messages were on their way to Gmail at once, at each one's beginning."""
    on_the_way, seen = 0, list[int]()

    async def send(parcel: Parcel, leaving: Callable[[], None], _: object = None) -> Outcome:
        nonlocal on_the_way
        leaving()
        on_the_way += _to_gmail(parcel)
        seen.append(on_the_way)
        await asyncio.sleep(0.02)
        on_the_way -= _to_gmail(parcel)
        return Outcome(Fate.SENT, 250)

    monkeypatch.setattr(transport, "send", send)
    yield seen
    assert on_the_way == 0


@pytest.mark.parametrize("cap", [1, 2, None])
def test_a_lane_opens_no_more_connections_than_it_has_leased(
    house: Installation,
    sending: Campaign,
    drain: Run,
    busiest: list[int],
    cap: int | None,
) -> None:
    for provider in DEFAULTS:
        _limit(house, f"provider:{provider}", connections=cap or 100)
    drain()
    assert max(busiest) == (cap or house.settings.connections)
    assert _gmail(house, sending).keys() == {S.SENT}


def test_a_lane_waits_while_others_hold_all_connections(
    house: Installation, sending: Campaign, drain: Run, office: Office
) -> None:
    caps = [Cap(GMAIL, 2)]
    _limit(house, GMAIL, connections=2)
    assert office.throttle.lease(caps, ["dead-0", "dead-1"], 2, 60.0) == 2
    drain(1.5)
    assert _gmail(house, sending).keys() == {S.PENDING}
    # As if their time were over.
    assert office.throttle.lease(caps, ["dead-0", "dead-1"], 2, 0.01) == 2
    drain()
    assert _gmail(house, sending).keys() == {S.SENT}
    # And has given back what it held.
    assert office.throttle.lease(caps, ["next-0", "next-1"], 2, 3.0) == 2


def test_connections_that_are_not_leased_any_more_are_closed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[MemoryTransport] = []

    async def close(self: MemoryTransport) -> None:
        closed.append(self)

    monkeypatch.setattr(MemoryTransport, "close", close)
    monkeypatch.setattr(MemoryTransport, "connect", lambda _: MemoryTransport())

    async def lease() -> None:
        ours = Connections(office, Way(RELAY), "ours")
        assert len(await ours.lease([])) == 3
        three = list(await ours.lease([Cap(GMAIL, 3)]))
        assert (len(three), closed) == (3, [])
        assert list(await ours.lease([Cap(GMAIL, 1)])) == three[:1]
        assert closed == three[1:]
        await ours.give_back()
        assert closed == [*three[1:], *three]

    asyncio.run(lease())
