"""A worker sleeps in mid-send until its lease is over, and wakes: it overwrites nothing and doubles nothing."""

import pytest

from mailer import clock
from mailer.model import Delivery, DeliveryState
from mailer.model.delivery import among
from tests.patience import until
from tests.stories.conftest import Setting, judge
from tests.stories.processes import children, freeze, thaw

PEOPLE = 800


@pytest.mark.promise(1, 2)
def test_a_sleeper_does_no_harm(setting: Setting) -> None:
    scene = setting(PEOPLE, 100.0, tick=0.5, smtp_timeout=5.0, lease=6.0)
    sleeper = scene.hire("w1")
    scene.hire("w2")
    scene.begin()
    until(lambda: scene.sink.taken() > PEOPLE // 5, 60)
    (child,) = children(sleeper.pid)
    freeze(child)
    on_the_wire = scene.on_the_wire(child)
    clock.sleep(9)
    thaw(child)
    # What was taken for doubtful is settled by its owner, once it is awake; and what it says timed out before its
    # body is tried again after a minute.
    until(lambda: not scene.count(among([DeliveryState.UNCERTAIN]), Delivery.claim.is_not(None)), 60)
    until(scene.finished, 120)
    scene.dismiss()
    verdict = judge(scene)
    assert (verdict.missing, verdict.doubled) == (set(), set())
    assert len(verdict.uncertain) <= on_the_wire
