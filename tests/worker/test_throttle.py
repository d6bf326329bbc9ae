"""One suite for every store of the throttle, by the store's own clock; then what only one of them has."""

import threading
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mailer import clock
from mailer.config import Settings
from mailer.errors import UnavailableError
from mailer.installation import Installation
from tests.servers import Redis
from worker.throttle import Level, Throttle
from worker.throttle.redis import RedisThrottle
from worker.throttle.sql import SqlThrottle

ALL = Level("all", 100.0)
SLOW = Level("provider:qq", 4.0)
Make = Callable[[], Throttle]


class Conformance:
    """What a store promises. ``make`` gives another worker's view of the same store."""

    def test_without_limits_all_is_granted(self, make: Make) -> None:
        assert make().reserve([], 500).granted == 500

    def test_after_idling_no_more_than_the_burst_is_granted(self, make: Make) -> None:
        grant = make().reserve([ALL], 500)
        assert grant.granted == ALL.burst == 5
        assert grant.interval == 0.01

    def test_the_strictest_level_decides_and_no_level_is_charged_for_a_refusal(self, make: Make) -> None:
        throttle = make()
        assert throttle.reserve([ALL, SLOW], 5).granted == 1
        for _ in range(20):
            refused = throttle.reserve([ALL, SLOW], 5)
            assert (refused.granted, 0 < refused.wait <= 0.25) == (0, True)
        # One of five is used; the twenty refusals took nothing, though time may have given some back.
        assert throttle.reserve([ALL], 500).granted >= 4

    def test_what_is_refunded_is_granted_again(self, make: Make) -> None:
        throttle = make()
        assert throttle.reserve([SLOW], 1).granted == 1
        assert throttle.reserve([SLOW], 1).granted == 0
        throttle.refund([SLOW], 1)
        assert throttle.reserve([SLOW], 1).granted == 1

    def test_a_refund_never_gives_more_than_the_burst(self, make: Make) -> None:
        throttle = make()
        throttle.reserve([ALL], 1)
        throttle.refund([ALL], 1000)
        assert throttle.reserve([ALL], 500).granted == ALL.burst

    def test_a_refusal_says_when_to_come_again(self, make: Make) -> None:
        throttle = make()
        throttle.reserve([SLOW], 1)
        clock.sleep(throttle.reserve([SLOW], 1).wait)
        assert throttle.reserve([SLOW], 1).granted == 1

    def test_those_who_come_first_at_once_share_one_burst(self, make: Make) -> None:
        start = threading.Barrier(6)

        def come(worker: Throttle) -> int:
            start.wait()
            return worker.reserve([ALL], 5).granted

        workers = [make() for _ in range(6)]
        began = clock.monotonic()
        with ThreadPoolExecutor(6) as pool:
            granted = sum(pool.map(come, workers))
        # Who waited for the others to be served finds that time has passed.
        meanwhile = (clock.monotonic() - began) * ALL.per_second
        assert ALL.burst <= granted <= ALL.burst + meanwhile + 1

    def test_workers_share_one_limit_in_every_second(self, make: Make) -> None:
        workers = [make(), make(), make()]
        given: list[float] = []
        until = clock.monotonic() + 2.0
        while clock.monotonic() < until:
            for worker in workers:
                given += [clock.monotonic()] * worker.reserve([ALL], 3).granted
        fullest = max(bisect_left(given, start + 1.0) - number for number, start in enumerate(given))
        assert fullest <= 100 + ALL.burst + 1
        assert len(given) >= 150


class TestSql(Conformance):
    @pytest.fixture
    def make(self, house: Installation) -> Make:
        return lambda: SqlThrottle(house)


class TestRedis(Conformance):
    @pytest.fixture
    def make(self, house: Installation, settings: Settings) -> Make:
        return lambda: RedisThrottle(Installation(settings, house.database, house.keys))

    @pytest.fixture
    def settings(self, house: Installation, redis: Redis) -> Settings:
        redis.flush()
        return house.settings.model_copy(update={"broker_url": redis.url})

    def test_what_is_lost_starts_with_a_burst_and_no_more(self, make: Make, redis: Redis) -> None:
        throttle = make()
        assert throttle.reserve([ALL], 500).granted == 5
        redis.flush()
        assert throttle.reserve([ALL], 500).granted == 5
        assert throttle.reserve([ALL], 500).granted <= 1

    @pytest.mark.parametrize(
        "words", ["SET {} rubbish", "SET {} nan", "SET {} 1e300", "SET {} -5", "RPUSH {} 7", "HSET {} a b"]
    )
    def test_rubbish_under_a_levels_key_counts_as_nothing(self, make: Make, redis: Redis, words: str) -> None:
        throttle = make()
        assert isinstance(throttle, RedisThrottle)
        (key,) = throttle._keys([ALL])  # noqa: SLF001 — somebody else's hand
        assert not redis.say(words.format(key).encode() + b"\r\n").startswith(b"-")
        throttle.refund([ALL], 1)
        assert throttle.reserve([ALL], 500).granted == ALL.burst
        assert throttle.reserve([ALL], 500).granted <= 1

    def test_one_that_does_not_answer_is_unavailable(self, house: Installation) -> None:
        away = house.settings.model_copy(update={"broker_url": "redis+socket:///nowhere/r.sock?virtual_host=0"})
        with pytest.raises(UnavailableError, match="does not answer"):
            RedisThrottle(Installation(away, house.database, house.keys)).reserve([ALL], 1)


@pytest.mark.databases("sqlite")
def test_a_time_from_before_a_reboot_stops_nobody(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    throttle = SqlThrottle(house)
    throttle.reserve([SLOW], 1)
    before = clock.monotonic_us()
    monkeypatch.setattr(clock, "monotonic_us", lambda: before - 100_000_000_000)
    assert throttle.reserve([SLOW], 1).granted == 1
