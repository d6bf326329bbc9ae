"""The throttle's rule against servers whose limits nobody tells, on a clock that costs no time."""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import pytest

from tests.worker.remembered import Remembered
from worker.throttle import Level, News
from worker.throttle.rule import State

CEILING = 20.0
ADAPTIVE = Level("provider:qq", CEILING, adaptive=True)
MINUTE, HOUR = 60.0, 3600.0
LATENCY = 0.05


class Server(Protocol):
    """A server with a limit of its own."""

    def takes(self, at: float) -> bool: ...


class FixedWindow:
    """So many in each minute of the clock, and the rest is refused."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._window, self._n = -1, 0

    def takes(self, at: float) -> bool:
        if int(at // self._seconds) != self._window:
            self._window, self._n = int(at // self._seconds), 0
        self._n += 1
        return self._n <= self._most


class SlidingWindow:
    """So many in any minute."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._taken: deque[float] = deque()

    def takes(self, at: float) -> bool:
        while self._taken and self._taken[0] <= at - self._seconds:
            self._taken.popleft()
        if len(self._taken) < self._most:
            self._taken.append(at)
            return True
        return False


class LockOut:
    """Takes all, but nothing at all for a while: from one moment to another."""

    def __init__(self, since: float, until: float) -> None:
        self._since, self._until = since, until

    def takes(self, at: float) -> bool:
        return not self._since <= at < self._until


@dataclass
class Run:
    """Workers that send what they have, without end, as lanes do: seconds since they began of what was answered."""

    server: Server
    throttle: Remembered = field(default_factory=Remembered)
    taken: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def until(self, end: float, workers: int = 2) -> "Run":
        begun = self.throttle.now
        moves = [self._lane(random.Random(number), begun) for number in range(workers)]  # noqa: S311 — to be repeatable
        turns = [(next(lane), number) for number, lane in enumerate(moves)]
        while turns[0][0] < end:
            _, number = heapq.heappop(turns)
            heapq.heappush(turns, (next(moves[number]), number))
        return self

    def rate(self, since: float, until: float) -> float:
        """Messages per second that were taken."""
        return sum(since <= at < until for at in self.taken) / (until - since)

    def _lane(self, chance: random.Random, begun: int) -> Iterator[float]:
        """A lane, which stops for the others at each moment that it yields."""
        at = chance.random()
        while True:
            yield at
            self.throttle.now = begun + int(at * 1e6)
            grant = self.throttle.reserve([ADAPTIVE], max(3, int(CEILING)))
            if not grant.granted:
                at += min(grant.wait, 0.5) * chance.uniform(1.0, 1.2)
                continue
            first, answers = at, list[bool]()
            while len(answers) < grant.granted and all(answers):
                at = max(at, first + len(answers) * grant.interval)
                yield at
                answers.append(self.server.takes(at))
                (self.taken if answers[-1] else self.refused).append(at)
                at += LATENCY
            yield at
            self.throttle.now = begun + int(at * 1e6)
            news = News(grant.granted - len(answers), sum(answers), slowed=not all(answers))
            self.throttle.report([ADAPTIVE], news)


@pytest.mark.parametrize("window", [FixedWindow, SlidingWindow])
@pytest.mark.parametrize("ratio", [1.5, 3, 10, 30])
@pytest.mark.parametrize("workers", [1, 3])
def test_it_settles_below_a_limit_by_the_minute(
    window: Callable[[int, float], Server], ratio: float, workers: int
) -> None:
    limit = int(CEILING * MINUTE / ratio)
    run = Run(window(limit, MINUTE)).until(20 * MINUTE, workers)
    settled = run.rate(10 * MINUTE, 20 * MINUTE) * MINUTE
    assert 0.75 * limit <= settled <= limit
    # And it costs hardly more than a refusal a minute to know where the limit is.
    assert sum(at >= 10 * MINUTE for at in run.refused) <= 10 * (1 + workers)


@pytest.mark.parametrize("window", [FixedWindow, SlidingWindow])
@pytest.mark.parametrize("ratio", [3, 30])
def test_it_settles_below_a_limit_by_the_hour(window: Callable[[int, float], Server], ratio: float) -> None:
    limit = int(CEILING * HOUR / ratio)
    run = Run(window(limit, HOUR)).until(5 * HOUR)
    settled = run.rate(1 * HOUR, 5 * HOUR) * HOUR
    assert 0.75 * limit <= settled <= limit
    assert len(run.refused) <= 5 * 20


def test_where_nobody_minds_it_comes_to_its_ceiling_in_a_minute_or_two_and_stays() -> None:
    run = Run(LockOut(0, 0)).until(5 * MINUTE)
    assert run.rate(0, 10) < 0.4 * CEILING
    assert run.rate(2 * MINUTE, 5 * MINUTE) == pytest.approx(CEILING, rel=0.05)


def test_a_lock_out_is_asked_about_ever_more_rarely_and_left_gently() -> None:
    run = Run(LockOut(5 * MINUTE, 65 * MINUTE)).until(90 * MINUTE, workers=1)
    asked = [at for at in run.refused if at < 65 * MINUTE]
    waits = [later - earlier for earlier, later in pairwise(asked)]
    assert [round(wait, -1) for wait in waits[:5]] == [10, 20, 40, 80, 160]
    assert all(300 < wait < 340 for wait in waits[5:])
    assert len(asked) < 20
    # When it opens we find out within minutes, begin with little, and are back soon.
    back = next(at for at in run.taken if at > 65 * MINUTE)
    assert back < 71 * MINUTE
    assert run.rate(back, back + 10) < 0.1 * CEILING
    assert run.rate(80 * MINUTE, 90 * MINUTE) > 0.9 * CEILING


def test_a_limit_that_was_raised_is_found_within_a_quarter_of_an_hour() -> None:
    run = Run(FixedWindow(int(CEILING * MINUTE / 10), MINUTE)).until(15 * MINUTE)
    run.server = LockOut(0, 0)
    run.taken.clear()
    assert run.until(15 * MINUTE).rate(13 * MINUTE, 15 * MINUTE) > 0.9 * CEILING


def test_one_refusal_is_one_slow_down_however_many_tell_of_it() -> None:
    throttle = Remembered()
    throttle.reserve([ADAPTIVE], 20)
    before = throttle.now
    for _ in range(30):
        throttle.report([ADAPTIVE], News(slowed=True))
        throttle.now += 300_000
    state = throttle.states[ADAPTIVE.scope]
    assert (state.rate, state.brink, state.slowed_at) == (CEILING / 8, CEILING / 4, before)
    assert state.held_until == before + 10_000_000


def test_a_state_that_is_lost_in_mid_send_slows_and_never_hastens() -> None:
    throttle = Remembered()
    for _ in range(40):
        throttle.report([ADAPTIVE], News(taken=1000))
    assert throttle.reserve([ADAPTIVE], 100).granted == CEILING
    throttle.states.clear()
    # What was granted under the old state is reported to the new one.
    throttle.report([ADAPTIVE], News(unused=15, taken=5))
    assert throttle.reserve([ADAPTIVE], 100).granted <= CEILING / 4 + 1


def test_it_never_falls_below_its_floor() -> None:
    throttle = Remembered()
    for _ in range(30):
        throttle.report([ADAPTIVE], News(slowed=True))
        throttle.now += 400_000_000
    assert throttle.states[ADAPTIVE.scope].rate == CEILING / 50
    assert throttle.reserve([ADAPTIVE], 5).granted == 1


def test_what_cannot_be_counts_as_nothing() -> None:
    throttle = Remembered()
    for wrong in (
        State(rate=float("nan"), brink=float("inf"), gained=-9),
        State(rate=-1.0, brink=-1.0, slowed_at=throttle.now + 1),
        State(given_until=throttle.now + 10**15, rate=float("inf")),
    ):
        throttle.states = {ADAPTIVE.scope: wrong}
        assert throttle.reserve([ADAPTIVE], 100).granted == CEILING / 4
