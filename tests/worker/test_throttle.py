"""One suite for every store of the throttle, by the store's own clock; then what only one of them has."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from mailer import clock
from mailer.config import Settings
from mailer.db import connect
from mailer.errors import UnavailableError
from mailer.installation import Installation
from tests.servers import Redis
from tests.windows import fullest
from tests.worker.remembered import Remembered
from worker.throttle import Cap, Grant, Level, News, Throttle
from worker.throttle.redis import RedisThrottle
from worker.throttle.sql import SqlThrottle

ALL = Level("all", 100.0)
SLOW = Level("provider:qq", 4.0)
LEARNS = Level("provider:qq", 40.0, adaptive=True)
CAPS = [Cap("route:relay", 6), Cap("provider:qq", 4)]
NOW = 10**12
"""A moment by a store's clock, in microseconds."""
Make = Callable[[], Throttle]
Hand = Callable[[int], None]


_RUBBISH = [
    f"HSET {{}} {name} {value}"
    for name, values in {
        "given_until": ("rubbish", "nan", "1e300", "-5", "inf"),
        "rate": ("rubbish", "nan", "inf", "-inf", "-3", "0"),
        "brink": ("nan", "inf", "-2", "rubbish"),
        "slowed_at": ("1e300", "nan", "rubbish"),
        "gained": ("nan", "-inf", "rubbish"),
    }.items()
    for value in values
]


def _tokens(name: str, n: int = 3) -> list[str]:
    return [f"{name}-{number}" for number in range(n)]


def _pace(throttle: Throttle, level: Level) -> float:
    """A level's messages per second, which any answer tells."""
    grant = throttle.reserve([level], 1)
    throttle.report([level], News(unused=grant.granted))
    return round(1 / grant.interval, 2)


class Conformance:
    """What a store promises. ``make`` gives another worker's view of the same store."""

    def test_without_limits_all_is_granted(self, make: Make) -> None:
        assert make().reserve([], 500).granted == 500
        make().report([], News(unused=5, slowed=True))

    def test_a_grant_covers_a_second_at_most_and_keeps_its_messages_apart(self, make: Make, hand: Hand) -> None:
        hand(NOW)
        throttle = make()
        assert throttle.reserve([ALL], 500) == Grant(100, 0.0, 0.01)
        # The first is due after a second, and a twentieth of a second's worth may be early: four more before it.
        assert throttle.reserve([ALL], 500) == Grant(0, 0.96, 0.01)

    def test_what_is_rarer_than_once_a_second_is_granted_one_by_one(self, make: Make, hand: Hand) -> None:
        hand(NOW)
        throttle, rare = make(), Level("all", 0.1)
        assert throttle.reserve([rare], 500).granted == 1
        assert throttle.reserve([rare], 500).wait == 10.0

    def test_the_strictest_level_decides_and_no_level_is_charged_for_a_refusal(self, make: Make, hand: Hand) -> None:
        hand(NOW)
        throttle = make()
        assert throttle.reserve([ALL, SLOW], 50) == Grant(4, 0.0, 0.25)
        for _ in range(20):
            assert throttle.reserve([ALL, SLOW], 5) == Grant(0, 1.0, 0.25)
        assert throttle.reserve([ALL], 500).granted == 96

    def test_what_is_given_back_is_granted_again(self, make: Make, hand: Hand) -> None:
        hand(NOW)
        throttle = make()
        assert throttle.reserve([SLOW], 4).granted == 4
        assert throttle.reserve([SLOW], 4).granted == 0
        throttle.report([SLOW], News(unused=3))
        hand(NOW + 250_000)
        assert throttle.reserve([SLOW], 4).granted == 4

    def test_no_more_is_given_back_than_was_given(self, make: Make) -> None:
        throttle = make()
        throttle.reserve([ALL], 1)
        throttle.report([ALL], News(unused=1000))
        assert throttle.reserve([ALL], 500).granted == 100

    def test_a_refusal_says_when_to_come_again(self, make: Make, hand: Hand) -> None:
        hand(NOW)
        throttle = make()
        assert throttle.reserve([SLOW], 1).granted == 1
        due = NOW + round(throttle.reserve([SLOW], 1).wait * 1_000_000)
        hand(due - 1000)
        assert throttle.reserve([SLOW], 1).granted == 0
        hand(due)
        assert throttle.reserve([SLOW], 1).granted == 1

    def test_those_who_come_first_at_once_share_one_second(self, make: Make) -> None:
        start = threading.Barrier(6)

        def come(worker: Throttle) -> int:
            start.wait()
            return worker.reserve([ALL], 60).granted

        workers = [make() for _ in range(6)]
        began = clock.monotonic()
        with ThreadPoolExecutor(6) as pool:
            granted = sum(pool.map(come, workers))
        # Who waited for the others to be served finds that time has passed.
        meanwhile = (clock.monotonic() - began) * ALL.per_second
        assert 60 <= granted <= 100 + meanwhile + 1

    def test_workers_share_one_limit_in_every_second(self, make: Make, hand: Hand) -> None:
        workers = [make(), make(), make()]
        given: list[float] = []
        for now in range(0, 2_000_000, 20_000):
            hand(NOW + now)
            for worker in workers:
                grant = worker.reserve([ALL], 3)
                given += [now / 1e6 + place * grant.interval for place in range(grant.granted)]
        # A twentieth of a second's worth may be early, and one is there at either end.
        assert 200 <= len(given) <= 200 + 5 + 1
        assert fullest(given) <= 100 + 5 + 1

    def test_one_that_learns_begins_at_a_quarter_of_its_ceiling(self, make: Make) -> None:
        assert _pace(make(), LEARNS) == 10.0

    def test_what_servers_take_makes_it_faster_up_to_its_ceiling(self, make: Make) -> None:
        throttle = make()
        paces = []
        for _ in range(20):
            throttle.report([ALL, LEARNS], News(taken=1000))
            paces.append(_pace(throttle, LEARNS))
        assert paces == sorted(paces)
        assert (paces[0], paces[-1]) == (11.5, 40.0)
        assert _pace(throttle, ALL) == 100.0

    def test_a_slow_down_halves_it_once_and_holds_that_level_alone(self, make: Make, hand: Hand) -> None:
        hand(NOW)
        workers = [make(), make()]
        for worker in workers * 5:
            worker.report([ALL, LEARNS], News(slowed=True))
        for worker in workers:
            assert worker.reserve([LEARNS, ALL], 5) == Grant(0, 10.0, 0.2)
            assert worker.reserve([ALL], 5).granted == 5
            # What was granted before may come back later: it opens nothing.
            worker.report([ALL, LEARNS], News(unused=500, taken=500))
            assert worker.reserve([LEARNS], 5).wait == 10.0

    def test_a_slow_down_means_nothing_to_what_does_not_learn(self, make: Make) -> None:
        throttle = make()
        throttle.report([SLOW], News(slowed=True))
        assert throttle.reserve([SLOW], 1) == Grant(1, 0.0, 0.25)

    def test_a_ceiling_that_was_lowered_holds_at_once(self, make: Make) -> None:
        throttle = make()
        assert _pace(throttle, LEARNS) == 10.0
        assert _pace(throttle, Level(LEARNS.scope, 2.0, adaptive=True)) == 2.0
        # And one that was raised is grown into.
        assert _pace(throttle, Level(LEARNS.scope, 80.0, adaptive=True)) < 11.0

    @pytest.mark.parametrize("seed", range(4))
    def test_it_says_what_the_rule_says(self, make: Make, hand: Hand, seed: int) -> None:
        chance, rule = random.Random(seed), Remembered()  # noqa: S311 — to be repeatable
        levels = [Level("all", 1000 * chance.random(), adaptive=False)]
        levels += [Level(name, 10 ** chance.uniform(-2, 3), adaptive=True) for name in ("route:relay", "provider:qq")]
        store = make()
        for _ in range(400):
            rule.now += int(10 ** chance.uniform(1, 8.5))
            hand(rule.now)
            chosen = chance.sample(levels, chance.randint(1, 3))
            want = chance.randint(1, 300)
            expected = rule.reserve(chosen, want)
            assert store.reserve(chosen, want) == expected
            # Often enough nothing is taken between two slow-downs, or what many steps are made of.
            taken = chance.choice([0, chance.randint(0, expected.granted), 5000])
            news = News(chance.randint(0, expected.granted), taken, slowed=chance.random() < 0.25)
            store.report(chosen, news)
            rule.report(chosen, news)

    def test_a_clock_that_is_set_back_by_half_an_hour_stops_nothing(self, make: Make, hand: Hand) -> None:
        back = 1_800_000_000
        hand(NOW)
        throttle = make()
        throttle.reserve([ALL, LEARNS], 500)
        throttle.report([LEARNS], News(slowed=True))
        assert throttle.lease(CAPS, _tokens("dead"), 3, 60.0) == 3
        hand(NOW - back)
        assert throttle.reserve([ALL, LEARNS], 500).granted > 0
        assert throttle.lease(CAPS, _tokens("a"), 3, 60.0) == 3

    def test_what_is_to_wait_for_long_does(self, make: Make, hand: Hand) -> None:
        now, rare = NOW, Level("all", 1 / 3600)
        hand(now)
        throttle = make()
        assert throttle.reserve([rare], 1).granted == 1
        for seconds in (0, 10, 20, 40, 80, 160):
            now += seconds * 1_000_000
            hand(now)
            throttle.report([LEARNS], News(slowed=True))
        hand(now + 1_000_000)
        assert throttle.reserve([LEARNS], 1) == Grant(0, 319.0, 1.25)
        hand(now + 2_000_000_000)
        assert throttle.reserve([LEARNS], 1).granted == 1
        assert throttle.reserve([rare], 1).granted == 0

    def test_without_a_cap_as_many_as_wanted_are_open(self, make: Make) -> None:
        assert make().lease([], _tokens("a"), 3, 60.0) == 3

    def test_never_more_are_open_than_the_lowest_cap_says(self, make: Make) -> None:
        one, two = make(), make()
        assert one.lease(CAPS, _tokens("a"), 3, 60.0) == 3
        assert two.lease(CAPS, _tokens("b"), 3, 60.0) == 1
        assert two.lease(CAPS[:1], _tokens("c"), 3, 60.0) == 2

    def test_a_lease_is_renewed_and_what_is_not_wanted_any_more_is_given_back(self, make: Make) -> None:
        one, two = make(), make()
        assert [one.lease(CAPS, _tokens("a"), 3, 60.0) for _ in range(3)] == [3, 3, 3]
        assert one.lease(CAPS, _tokens("a"), 2, 60.0) == 2
        assert two.lease(CAPS, _tokens("b"), 3, 60.0) == 2
        assert one.lease(CAPS, _tokens("a"), 0, 60.0) == 0
        assert two.lease(CAPS, _tokens("b"), 3, 60.0) == 3

    def test_a_dead_workers_leases_are_over_after_a_while(self, make: Make, hand: Hand) -> None:
        one, two = make(), make()
        hand(NOW)
        assert one.lease(CAPS, _tokens("a"), 3, 0.4) == 3
        assert two.lease(CAPS, _tokens("b"), 3, 0.4) == 1
        hand(NOW + 250_000)
        assert two.lease(CAPS, _tokens("b"), 1, 0.4) == 1
        hand(NOW + 500_000)
        assert two.lease(CAPS, _tokens("b"), 3, 0.4) == 3

    def test_under_a_cap_that_was_lowered_who_asks_again_is_given_less(self, make: Make) -> None:
        one, two = make(), make()
        lower = [Cap("provider:qq", 2)]
        assert one.lease(CAPS[1:], _tokens("a"), 2, 60.0) == 2
        assert two.lease(CAPS[1:], _tokens("b"), 2, 60.0) == 2
        assert one.lease(lower, _tokens("a"), 2, 60.0) == 0
        assert two.lease(lower, _tokens("b"), 2, 60.0) == 2

    def test_those_who_ask_at_once_never_hold_more_together(self, make: Make) -> None:
        workers = [make() for _ in range(6)]
        start = threading.Barrier(6)

        def ask(number: int, round_: int) -> int:
            start.wait()
            return workers[number].lease(CAPS, _tokens(f"{number}-{round_}"), 3, 60.0)

        with ThreadPoolExecutor(6) as pool:
            for round_ in range(8):
                assert sum(pool.map(ask, range(6), [round_] * 6)) == 4
                for number, worker in enumerate(workers):
                    worker.lease(CAPS, _tokens(f"{number}-{round_}"), 0, 60.0)


class TestSql(Conformance):
    @pytest.fixture
    def make(self, house: Installation) -> Make:
        return lambda: SqlThrottle(house)

    @pytest.fixture
    def hand(self, monkeypatch: pytest.MonkeyPatch) -> Hand:
        """The hand of the store's clock, to be put to a time."""
        return lambda now: monkeypatch.setattr(SqlThrottle, "_now", lambda *_: now)


@pytest.mark.databases("sqlite")
class TestRedis(Conformance):
    @pytest.fixture
    def make(self, house: Installation, settings: Settings) -> Make:
        return lambda: RedisThrottle(Installation(settings, house.database, house.keys))

    @pytest.fixture
    def hand(self, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Hand:
        monkeypatch.setattr("worker.throttle.redis._CLOCK", "local now = tonumber(redis.call('GET', 'hand'))")

        def put(now: int) -> None:
            assert redis.say(f"SET hand {now}\r\n".encode()) == b"+OK\r\n"

        return put

    @pytest.fixture
    def settings(self, house: Installation, redis: Redis) -> Settings:
        redis.flush()
        return house.settings.model_copy(update={"broker_url": redis.url})

    def test_what_is_lost_begins_gently(self, make: Make, redis: Redis) -> None:
        throttle = make()
        for _ in range(5):
            throttle.report([LEARNS], News(taken=1000))
        assert _pace(throttle, LEARNS) > 15.0
        redis.flush()
        assert _pace(throttle, LEARNS) == 10.0

    @pytest.mark.parametrize("words", ["SET {} rubbish", "RPUSH {} 7", "HSET {} a b", *_RUBBISH])
    def test_rubbish_under_a_levels_key_counts_as_nothing(self, make: Make, redis: Redis, words: str) -> None:
        throttle = make()
        assert isinstance(throttle, RedisThrottle)
        (key,) = throttle._keys([LEARNS])  # noqa: SLF001 — somebody else's hand
        assert not redis.say(words.format(key).encode() + b"\r\n").startswith(b"-")
        throttle.report([LEARNS], News(unused=1))
        assert throttle.reserve([LEARNS], 500) == Grant(10, 0.0, 0.1)
        assert throttle.reserve([LEARNS], 500).granted == 0

    @pytest.mark.parametrize("words", ["SET {} rubbish", "HSET {} a b", "ZADD {} inf x inf y -inf z"])
    def test_rubbish_under_a_leases_key_holds_nothing(self, make: Make, redis: Redis, words: str) -> None:
        throttle = make()
        assert isinstance(throttle, RedisThrottle)
        key = throttle._keys([LEARNS])[0].replace(":level:", ":lease:")  # noqa: SLF001 — as above
        assert not redis.say(words.format(key).encode() + b"\r\n").startswith(b"-")
        assert throttle.lease(CAPS[1:], _tokens("a", 5), 5, 60.0) == 4

    def test_nothing_is_kept_for_ever(self, make: Make) -> None:
        throttle = make()
        throttle.report([ALL, LEARNS], News(slowed=True))
        throttle.lease(CAPS, _tokens("a"), 3, 60.0)
        assert isinstance(throttle, RedisThrottle)
        keys = throttle._client.keys("*")  # noqa: SLF001 — to look at what it wrote
        assert len(keys) == 4
        assert all(0 < throttle._client.pttl(key) < 40 * 86_400_000 for key in keys)  # noqa: SLF001 — as above

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


@pytest.mark.databases("sqlite")
def test_a_slow_down_from_before_a_reboot_holds_nobody(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    throttle = SqlThrottle(house)
    throttle.report([LEARNS], News(slowed=True))
    before = clock.monotonic_us()
    monkeypatch.setattr(clock, "monotonic_us", lambda: before - 100_000_000_000)
    assert throttle.reserve([LEARNS], 1).granted == 1


@pytest.mark.databases("sqlite")
def test_a_file_that_is_lost_is_made_anew_and_begins_gently(house: Installation) -> None:
    throttle = SqlThrottle(house)
    throttle.report([LEARNS], News(taken=1000))
    throttle.lease(CAPS, _tokens("a"), 3, 60.0)
    assert _pace(throttle, LEARNS) == 11.5
    for file in house.settings.home.glob("throttle.db*"):
        file.unlink()
    assert _pace(throttle, LEARNS) == 10.0
    assert throttle.lease(CAPS, _tokens("b"), 3, 60.0) == 3


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("damage", ["no database", "words for numbers"])
def test_a_damaged_file_is_made_anew_and_begins_gently(
    house: Installation, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    throttle = SqlThrottle(house)
    throttle.report([LEARNS], News(taken=1000))
    if damage == "no database":
        for file in house.settings.home.glob("throttle.db*"):
            file.write_bytes(b"rubbish" * 1000)
    else:
        store = connect(f"sqlite:///{house.settings.home / 'throttle.db'}")
        with store.write() as session:
            session.execute(text("UPDATE throttle_state SET given_until = 'soon'"))
        store.dispose()
    with pytest.raises(UnavailableError, match="begins anew"):
        throttle.reserve([LEARNS], 1)
    assert "throttle.damaged" in "".join(capfd.readouterr())
    assert _pace(throttle, LEARNS) == _pace(SqlThrottle(house), LEARNS) == 10.0


@pytest.mark.databases("sqlite")
def test_a_file_whose_tables_are_not_there_gets_them(house: Installation) -> None:
    """As where who removed it died before they were made."""
    throttle = SqlThrottle(house)
    path = house.settings.home / "throttle.db"
    for file in house.settings.home.glob("throttle.db*"):
        file.unlink()
    path.touch()
    with pytest.raises(UnavailableError):
        throttle.reserve([LEARNS], 1)
    assert _pace(throttle, LEARNS) == 10.0


@pytest.mark.databases("sqlite")
def test_a_file_that_was_damaged_before_a_start_is_made_anew(house: Installation) -> None:
    (house.settings.home / "throttle.db").write_bytes(b"rubbish" * 1000)
    assert _pace(SqlThrottle(house), LEARNS) == 10.0
