"""A worker whose idle child was killed with the queue's lock in its hand: it still sends, and still stops."""

from mailer import clock
from tests.patience import until
from tests.stories.conftest import Setting, judge
from tests.stories.processes import children, kill

PEOPLE = 40


def test_a_worker_survives_its_idle_child(setting: Setting) -> None:
    scene = setting(PEOPLE, 100.0, tick=1.0)
    worker = scene.hire("w1")
    until(lambda: scene.journals() > 0, 20)
    clock.sleep(1)
    (victim,) = children(worker.pid)
    kill(victim)
    until(lambda: children(worker.pid) not in ([], [victim]), 20)
    scene.begin()
    until(scene.finished, 30)
    worker.terminate()
    assert worker.wait(60) == 0
    assert judge(scene).arrived.total() == PEOPLE
