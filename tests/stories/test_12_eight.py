"""Eight workers under one limit: no window of any length takes more than the limit and its burst."""

import pytest

from tests.patience import until
from tests.stories.conftest import LOCAL, SERVED, TLS_AT_LENGTH, Record, Setting, judge, seconds
from tests.windows import fullest

PEOPLE = 900
RATE = 60.0
BURST = 3
"""A twentieth of a second's worth."""
NETWORK = 2
"""So many may be held back on their way, and arrive with those that follow."""
# A machine that stands still for a tenth of a second lets go at once what it held back: a second and less is judged
# where nothing else runs.
WINDOWS = {"short": (2.0, 5.0), "long": (0.5, 1.0, 2.0, 5.0)}
WORKERS = 8


@pytest.mark.promise(9)
@pytest.mark.parametrize("setting", [LOCAL, SERVED, TLS_AT_LENGTH], indirect=True)
def test_eight_share_one_limit(setting: Setting, length: str, record_property: Record) -> None:
    scene = setting(PEOPLE, RATE, tick=1.0)
    for number in range(WORKERS):
        scene.hire(f"w{number}")
    until(lambda: scene.journals() == WORKERS, 90)
    scene.begin()
    scene.wake(WORKERS)
    until(scene.finished, 120)
    scene.dismiss()

    times = [seconds(mail) for mail in scene.sink.received()]
    excess = {window: fullest(times, window) - RATE * window - BURST for window in WINDOWS[length]}
    record_property("figures", f"at most {max(excess.values()):+.0f} beyond limit and burst")
    assert max(excess.values()) <= NETWORK, excess
    verdict = judge(scene)
    assert (verdict.missing, verdict.doubled, verdict.uncertain) == (set(), set(), set())
