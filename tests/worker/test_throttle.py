import pytest

from mailer import clock
from mailer.installation import Installation
from worker.throttle import Level
from worker.throttle.sql import SqlThrottle

ALL = Level("all", 100.0)
SLOW = Level("provider:qq", 10.0)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The store's time in microseconds, which stands still unless a test moves it."""
    time = [clock.monotonic_us()]
    monkeypatch.setattr(clock, "monotonic_us", lambda: time[0])
    return time


@pytest.fixture
def throttle(house: Installation, now: list[int]) -> SqlThrottle:
    assert now
    return SqlThrottle(house)


def test_without_limits_all_is_granted(throttle: SqlThrottle) -> None:
    assert throttle.reserve([], 500).granted == 500


def test_after_idling_no_more_than_the_burst_is_granted(throttle: SqlThrottle) -> None:
    grant = throttle.reserve([ALL], 500)
    assert grant.granted == ALL.burst == 5
    assert grant.interval == 0.01


def test_the_strictest_level_decides_and_no_level_is_charged_for_a_refusal(throttle: SqlThrottle) -> None:
    assert throttle.reserve([ALL, SLOW], 5).granted == 1
    refused = throttle.reserve([ALL, SLOW], 5)
    assert refused.granted == 0
    assert 0 < refused.wait <= 0.1
    assert throttle.reserve([ALL], 500).granted == 4


def test_what_is_refunded_is_granted_again(throttle: SqlThrottle) -> None:
    assert throttle.reserve([SLOW], 1).granted == 1
    assert throttle.reserve([SLOW], 1).granted == 0
    throttle.refund([SLOW], 1)
    assert throttle.reserve([SLOW], 1).granted == 1


def test_a_refusal_says_when_to_come_again(throttle: SqlThrottle, now: list[int]) -> None:
    throttle.reserve([SLOW], 1)
    wait = throttle.reserve([SLOW], 1).wait
    now[0] += round(wait * 1e6) - 1
    assert throttle.reserve([SLOW], 1).granted == 0
    now[0] += 1
    assert throttle.reserve([SLOW], 1).granted == 1


def test_a_time_from_before_a_reboot_stops_nobody(throttle: SqlThrottle, now: list[int]) -> None:
    throttle.reserve([SLOW], 1)
    now[0] -= 100_000_000_000
    assert throttle.reserve([SLOW], 1).granted == 1


def test_workers_share_one_limit(house: Installation, now: list[int]) -> None:
    workers = [SqlThrottle(house), SqlThrottle(house)]
    granted = 0
    for _ in range(101):
        granted += sum(worker.reserve([ALL], 3).granted for worker in workers)
        now[0] += 10_000
    assert granted == 100 + ALL.burst
