"""Pause: within a second nothing more arrives. Resume: within a second it goes on."""

import pytest

from mailer import clock
from mailer.campaign import campaign as life
from mailer.demo.organisation import AUTHOR
from tests.patience import until
from tests.stories.conftest import LOCAL, SERVED, TLS_AT_LENGTH, Scene, Setting, judge, seconds

PEOPLE = 500
RATE = 100.0
TICK = 60.0
"""So rarely that it is the word that goes round which sets them to work again, and nothing else."""
AGAIN = {"short": 4.0, "long": 1.0}
"""Seconds until it goes on; where other tests run beside, all that can be told is that it was the word."""


def _change(scene: Scene, step: str) -> float:
    """Take a step as the command does; when it was done."""
    with scene.house.database.write() as session:
        getattr(life, step)(session, life.find(session, scene.stage.campaign), AUTHOR)
    scene.wake()
    return clock.now().timestamp()


@pytest.mark.parametrize("setting", [LOCAL, SERVED, TLS_AT_LENGTH], indirect=True)
def test_pause_and_resume(setting: Setting, length: str) -> None:
    scene = setting(PEOPLE, RATE, tick=TICK)
    scene.hire("w1")
    scene.hire("w2")
    scene.begin()
    until(lambda: scene.sink.taken() > PEOPLE // 4, 60)
    paused = _change(scene, "pause")
    clock.sleep(4)
    resumed = _change(scene, "resume")
    until(scene.finished, 60)
    scene.dismiss()

    arrivals = sorted(seconds(mail) for mail in scene.sink.received())
    assert [at for at in arrivals if paused + 1.0 < at < resumed] == []
    assert min(at for at in arrivals if at > resumed) < resumed + AGAIN[length]
    verdict = judge(scene)
    assert (verdict.missing, verdict.doubled, verdict.uncertain) == (set(), set(), set())
    assert len(arrivals) == PEOPLE
