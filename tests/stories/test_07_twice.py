"""Everything twice: workers started again under the same names, four tickers, ten idle wake-ups a second."""

import pytest

from mailer import clock
from tests.patience import meanwhile, until
from tests.stories.conftest import LOCAL, SERVED, TLS_AT_LENGTH, Setting, judge

PEOPLE = 1000
NAMES = ("w1", "w2")


@pytest.mark.promise(2)
@pytest.mark.parametrize("setting", [LOCAL, SERVED, TLS_AT_LENGTH], indirect=True)
def test_nothing_is_doubled(setting: Setting) -> None:
    scene = setting(PEOPLE, 200.0, tick=0.5)
    first = [scene.hire(name, concurrency=2) for name in NAMES]
    until(lambda: scene.journals() == 4, 30)
    again = [scene.hire(name, concurrency=2) for name in NAMES]
    assert [worker.wait(60) for worker in again] == [1, 1]
    assert scene.log.read_text().count("is at work here already") == len(NAMES)
    scene.workers = dict(zip(NAMES, first, strict=True))
    with meanwhile(lambda: scene.wake(1), 0.1):
        scene.begin()
        until(scene.finished, 60)
    clock.sleep(1)
    scene.dismiss()
    verdict = judge(scene)
    assert (verdict.missing, verdict.doubled, verdict.uncertain) == (set(), set(), set())
    assert verdict.arrived.total() == PEOPLE
