"""A random worker process is killed every two seconds until all is done: nobody is lost, nobody doubled unsaid."""

import random

import pytest

from mailer import clock
from tests.patience import until
from tests.stories.conftest import LOCAL, SERVED, TLS_AT_LENGTH, Record, Setting, judge, strike

EVERY = 2.0
SHORT, LONG = (5000, 400.0, 25), (20_000, 45.0, 200)
"""People, messages a second, kills; then the rest goes in peace: a slow machine might else start workers for ever."""
NAMES = ("w1", "w2")


@pytest.mark.promise(1, 2)
@pytest.mark.parametrize("policy", ["leave", "resend"])
@pytest.mark.parametrize("setting", [LOCAL, SERVED, TLS_AT_LENGTH], indirect=True)
def test_kills(setting: Setting, policy: str, length: str, record_property: Record) -> None:
    people, rate, most = LONG if length == "long" else SHORT
    scene = setting(people, rate, policy=policy, smtp_timeout=5.0, lease=30.0, tick=1.0)
    chance = random.Random(policy)  # noqa: S311 — the same kills each time
    for name in NAMES:
        scene.hire(name)
    scene.begin()

    struck, on_the_wire, last = 0, 0, clock.monotonic()

    def done() -> bool:
        nonlocal struck, on_the_wire, last
        if struck < most and clock.monotonic() - last > EVERY and not scene.finished():
            on_the_wire += strike(scene, chance)
            struck += 1
            last = clock.monotonic()
        scene.replace_dead()
        return scene.finished()

    until(done, 240 if length == "short" else 1500)
    scene.dismiss()

    verdict = judge(scene)
    record_property(
        "figures",
        f"{people} people, {struck} kills, {on_the_wire} on the wire, {len(verdict.uncertain)} uncertain,"
        f" {len(verdict.missing)} missing, {len(verdict.doubled)} doubled, {len(verdict.flagged)} flagged",
    )
    assert struck >= 4
    assert on_the_wire > 0
    assert len(verdict.states) == people
    assert verdict.missing == set()
    if policy == "leave":
        assert verdict.doubled == set()
        assert len(verdict.uncertain) <= on_the_wire
    else:
        assert verdict.uncertain == set()
        assert verdict.doubled <= verdict.flagged
        assert len(verdict.flagged) <= on_the_wire
