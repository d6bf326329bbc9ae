"""One worker's clock is an hour ahead, another's an hour behind: leases, waits and limits go by one clock for all."""

import os
import re
import subprocess
from email.utils import parsedate_to_datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from tests import machine
from tests.patience import until
from tests.sinks import Received
from tests.stories.conftest import SERVED, TLS_AT_LENGTH, Scene, Setting, come_due, judge, seconds
from tests.stories.processes import children, freeze, kill
from tests.windows import fullest

PEOPLE = 900
RATE = 60.0
HOUR = 3600.0


def _wrong(offset: str) -> dict[str, str]:
    """What makes a process's clock wrong, and its alone; what it waits by goes on as ever."""
    words = [machine.program(machine.FAKETIME), "--exclude-monotonic", "-f", offset, "env"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    faked = dict(line.split("=", 1) for line in said.splitlines() if line.startswith(("LD_PRELOAD=", "FAKETIME")))
    # The wrapper shares a clock with what it starts, and takes it away when that ends.
    faked.pop("FAKETIME_SHARED", None)
    return faked | {"PYTHONPATH": str(Path(__file__).parent / "clocks")}


def _hire(scene: Scene, name: str, offset: str) -> None:
    with patch.dict(os.environ, _wrong(offset)):
        scene.hire(name)


def _hours_off(mail: Received) -> int:
    """By how much its Date is ahead of when it arrived."""
    with mail.path.open("rb") as file:
        said = re.search(rb"^Date: (.*)$", file.read(20_000), re.MULTILINE)
    assert said
    return round((parsedate_to_datetime(said[1].decode().strip()).timestamp() - seconds(mail)) / HOUR)


@pytest.mark.promise(9)
@pytest.mark.parametrize("setting", [SERVED, TLS_AT_LENGTH], indirect=True)
def test_wrong_clocks_do_no_harm(setting: Setting) -> None:
    scene = setting(PEOPLE, RATE, tick=0.5, smtp_timeout=5.0, lease=8.0)
    _hire(scene, "ahead", "+1h")
    _hire(scene, "behind", "-1h")
    scene.begin()
    until(lambda: scene.sink.taken() > PEOPLE // 4, 60)
    # One that dies holds rows: the other may neither take them at once, nor leave them for an hour.
    (child,) = children(scene.workers["ahead"].pid)
    freeze(child)
    on_the_wire = scene.on_the_wire(child)
    kill(child)
    until(lambda: come_due(scene) >= 0 and scene.finished(), 180)
    scene.dismiss()

    assert {_hours_off(mail) for mail in scene.sink.received()} == {-1, 1}, "the clocks were not wrong"
    verdict = judge(scene)
    assert (verdict.missing, verdict.doubled) == (set(), set())
    assert len(verdict.uncertain) <= on_the_wire
    assert fullest([seconds(mail) for mail in scene.sink.received()]) <= RATE * 1.1
