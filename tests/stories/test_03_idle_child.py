"""A worker whose idle child was killed with the queue's lock in its hand: it still sends, and still stops."""

from collections.abc import Callable

from mailer import clock
from mailer.demo.show import Stage
from tests.stories.conftest import Crew, kill, sender_of

PEOPLE = 40


def test_a_worker_survives_its_idle_child(stage: Callable[..., Stage], crew: Callable[[Stage], Crew]) -> None:
    scene = stage(PEOPLE, 100.0, tick=1.0)
    team = crew(scene)
    worker = team.hire()
    team.until((scene.installation.settings.home / "throttle.db").exists, 20)
    clock.sleep(1)
    victim = sender_of(worker)
    kill(victim)
    team.until(lambda: sender_of(worker) != victim, 20)
    team.begin()
    team.until(lambda: team.received() == PEOPLE, 30)
    worker.terminate()
    assert worker.wait(15) == 0
