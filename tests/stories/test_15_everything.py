"""All at once: a worker killed every two seconds, Redis and PostgreSQL taken away, in mid-send to six providers."""

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from mailer import clock
from tests.patience import meanwhile, until
from tests.servers import Postgres, Redis
from tests.sinks import SmtpSink
from tests.stories.conftest import SERVED_AT_LENGTH, UNDER_TLS, Record, Scene, Setting, judge, strike
from tests.stories.providers import open_providers

DOMAINS = ("gmail.com", "outlook.com", "yahoo.com.hk", "icloud.com", "qq.com", "163.com")
NAMES = ("w1", "w2")
EVERY = 2.0
BETWEEN = 20
"""Mails that arrive between two kills, at least."""
CERTAIN = 15
"""Of so many kills some meet a worker in mid-send."""
AWAY = 3.0
"""Seconds for which a server stays away."""


@dataclass(frozen=True)
class Form:
    """How many readers there are, how many mails a second, and how often each trouble comes."""

    readers: int
    rate: float
    rounds: int


FORMS = {"short": Form(2400, 200.0, 1), "long": Form(20_000, 80.0, 5)}


@pytest.mark.promise(1, 2, 5, 6)
@pytest.mark.parametrize("setting", [SERVED_AT_LENGTH, UNDER_TLS], indirect=True)
def test_everything_at_once(setting: Setting, length: str, record_property: Record) -> None:
    form = FORMS[length]
    with ExitStack() as stack:
        postgres, redis = stack.enter_context(Postgres(durable=True)), stack.enter_context(Redis())
        servers = {"database_url": postgres.url(), "broker_url": redis.url}
        scene = setting(0, form.rate, smtp_timeout=5.0, lease=30.0, tick=1.0, **servers)
        sinks = open_providers(scene, stack, DOMAINS, form.readers)
        for name in NAMES:
            scene.hire(name)
        scene.begin()
        troubles = _troubles(postgres, redis) * form.rounds
        wires = _weather(scene, list(sinks.values()), troubles, form.readers)
        scene.dismiss()

        verdict = judge(scene)
        record_property(
            "figures",
            f"{form.readers} people at {len(DOMAINS)} providers, {len(wires)} kills, {sum(wires)} on the wire,"
            f" {len(troubles)} times a server away or empty, {len(verdict.uncertain)} uncertain,"
            f" {len(verdict.missing)} missing, {len(verdict.doubled)} doubled",
        )
        assert len(wires) > len(troubles)
        # A few kills may all have met who was not sending.
        assert sum(wires) > 0 or len(wires) < CERTAIN, wires
        assert len(verdict.states) == form.readers
        assert (verdict.missing, verdict.doubled) == (set(), set())
        assert len(verdict.uncertain) <= sum(wires)
        for domain, sink in sinks.items():
            assert {mail.recipient.rpartition("@")[2] for mail in sink.received()} == {domain}


def _weather(
    scene: Scene, sinks: Sequence[SmtpSink], troubles: Sequence[Callable[[], None]], readers: int
) -> list[int]:
    """See a campaign through all troubles, each of which meets mails on their way: the connections
    of each process that was killed."""
    chance, wires = random.Random(15), []  # noqa: S311 — the same kills each time
    enough = 0

    def blow() -> None:
        nonlocal enough
        # On a slow machine workers might else do nothing but begin.
        if scene.taken() >= enough:
            wires.append(strike(scene, chance))
            enough = scene.taken() + BETWEEN
        scene.replace_dead()

    def done() -> bool:
        scene.replace_dead()
        return scene.finished()

    with meanwhile(blow, EVERY):
        before, share = [0] * len(sinks), readers // len(sinks)
        for number, trouble in enumerate(troubles, 1):
            before = _reach(sinks, readers * number // (2 * len(troubles)), before, share)
            trouble()
        _reach(sinks, readers * 9 // 10, before, share)
    until(done, 180)
    return wires


def _reach(sinks: Sequence[SmtpSink], mails: int, before: list[int], share: int) -> list[int]:
    """Wait until so many have arrived, at every sink some that had not before, or its whole share: how many at each."""
    now = before

    def reached() -> bool:
        nonlocal now
        now = [sink.taken() for sink in sinks]
        return sum(now) > mails and all(n > m or n >= share for n, m in zip(now, before, strict=True))

    until(reached, 300)
    return now


def _troubles(postgres: Postgres, redis: Redis) -> list[Callable[[], None]]:
    """What may happen to servers, one after the other."""

    def away(server: Postgres | Redis, *, hard: bool) -> None:
        server.stop(hard=hard)
        clock.sleep(AWAY)
        server.start()

    return [
        redis.flush,
        lambda: away(redis, hard=True),
        lambda: away(postgres, hard=False),
        lambda: away(postgres, hard=True),
    ]
