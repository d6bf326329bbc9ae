import subprocess
from typing import cast

import pytest

from mailer import clock, supervisor
from mailer.errors import UnavailableError


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(clock, "monotonic", lambda: self.now)


class Mayfly:
    """A process that is dead, or not."""

    returncode = 1

    def __init__(self) -> None:
        self.alive = True

    def poll(self) -> int | None:
        return None if self.alive else self.returncode


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def _pauses(time: Clock, started: list[Mayfly], child: supervisor.Child, lives: list[float]) -> list[float]:
    """How long after each death it was started again."""
    pauses = []
    for life in lives:
        time.now += life
        born = len(started)
        started[-1].alive = False
        died = time.now
        while len(started) == born:
            child.look()
            time.now += 0.5
        pauses.append(time.now - 0.5 - died)
    return pauses


def test_who_dies_young_again_and_again_is_started_ever_later(time: Clock) -> None:
    started: list[Mayfly] = []

    def start() -> "subprocess.Popen[bytes]":
        started.append(Mayfly())
        return cast("subprocess.Popen[bytes]", started[-1])

    child = supervisor.Child("up1", start)
    assert _pauses(time, started, child, [0.0] * 7) == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert _pauses(time, started, child, [31.0, 0.0]) == [1.0, 2.0]


def test_what_does_not_start_is_tried_again(time: Clock) -> None:
    tries: list[float] = []

    def start() -> "subprocess.Popen[bytes]":
        tries.append(time.now)
        if 1 < len(tries) < 4:
            raise UnavailableError("away")
        return cast("subprocess.Popen[bytes]", Mayfly())

    child = supervisor.Child("broker", start)
    cast("Mayfly", child.process).alive = False
    while len(tries) < 4:
        child.look()
        time.now += 0.5
    assert tries == [0.0, 1.0, 3.0, 7.0]
    assert child.process.poll() is None
