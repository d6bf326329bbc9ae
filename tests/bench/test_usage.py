"""What processes cost, as the bench reads it from the kernel."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mailer.bench import program, usage
from mailer.bench.program import SINK
from mailer.db import connect
from mailer.errors import MisconfiguredError
from tests.servers import Postgres

# A parent whose child burns a quarter of a second and ends, while another of 40 MB waits.
_BURN = "import time\nend = time.process_time() + 0.25\nwhile time.process_time() < end: pass"
_FAMILY = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {_BURN!r}])
subprocess.Popen([sys.executable, "-c", "x = b'x' * 40_000_000; print(flush=True); input()"], stdin=sys.stdin).wait()
"""


@pytest.fixture
def family() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", _FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate(b"\n")


def test_children_that_have_ended_count_and_the_living_are_seen(family: int) -> None:
    assert usage.seconds(family) >= 0.2
    assert usage.family_seconds(family) >= usage.seconds(family)
    (child,) = usage.children(family)
    assert usage.peak_octets(child) > 40_000_000 > usage.peak_octets(family) - 40_000_000


def test_a_process_that_is_gone_costs_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert usage.family_seconds(process.pid) == 0


def test_the_server_of_a_database_is_found(postgres: Postgres) -> None:
    database = connect(postgres.url())
    found = usage.postgresql(database)
    database.dispose()
    assert found is not None
    assert found != os.getpid()
    assert usage.family_seconds(found) > 0


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(program, "_SBIN", "/nowhere")
    with pytest.raises(MisconfiguredError, match=rf"{SINK}.*apt install postfix"):
        program.demand()
