"""Everything on one machine: it begins, mends itself, and ends without leaving anybody behind."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from mailer import clock
from mailer.installation import Installation
from tests.cli.conftest import Begin, Run, one_line, until
from tests.servers import Redis

Said = Callable[[], str]


def _address(said: Said) -> str:
    until(lambda: "Pages: http://" in said(), 30)
    return said().partition("Pages: ")[2].split()[0]


def _family(home: Path) -> dict[int, list[str]]:
    """The processes that work on this data home: number and words."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_text()
            # Redis writes its title over its environment, and its socket's path into its title.
            about = (process / "environ").read_bytes() + words.encode() if process.name.isdigit() else b""
        except OSError:
            continue
        if os.fsencode(home) in about:
            found[int(process.name)] = words.split("\0")
    return found


def _worker(home: Path, name: str, parent: int) -> int | None:
    """The process that ``parent`` started as the worker ``name``."""
    for pid, words in _family(home).items():
        if "worker" in words and name in words and _parent(pid) == parent:
            return pid
    return None


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _get(url: str) -> tuple[int, str]:
    with urlopen(url, timeout=10) as answer:  # noqa: S310 — our own pages
        return answer.status, answer.read().decode()


def _end(up: "subprocess.Popen[bytes]", home: Path, *signals: int) -> None:
    """Told to stop once, or several times; the others change nothing."""
    for number in signals or [signal.SIGTERM]:
        up.send_signal(number)
        clock.sleep(0.3)
    assert up.wait(40) == 0
    until(lambda: not _family(home), 10)


@pytest.mark.databases("sqlite")
def test_a_killed_worker_is_replaced_and_nobody_is_left_at_the_end(
    begin: Begin, run: Run, house: Installation, housed: dict[str, str]
) -> None:
    home = house.settings.home
    up, said = begin("up", "--port=0", broker_url="filesystem://", **housed)
    url = _address(said)
    assert "Database: sqlite. Broker: filesystem." in said()
    assert _get(url + "healthz") == _get(url + "readyz") == (200, "ok\n")
    until(lambda: bool(_worker(home, "up1", up.pid) and _worker(home, "up2", up.pid)), 20)

    one_line(run("up", "--port=0", **housed), 1, "Another mailer up")

    victim = _worker(home, "up1", up.pid)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: _worker(home, "up1", up.pid) not in {None, victim}, 20)
    assert "event=child.ended child=up1 code=-9" in said()
    _end(up, home)
    assert "Traceback" not in said()


@pytest.mark.databases("sqlite")
def test_a_database_that_goes_and_comes_back(begin: Begin, house: Installation, housed: dict[str, str]) -> None:
    home = house.settings.home
    up, said = begin("up", "--port=0", "--workers=1", broker_url="filesystem://", tick="0.5", **housed)
    ready = _address(said) + "readyz"
    until((home / "journal").exists, 30)
    (home / "twinletter.db").rename(home / "away.db")
    with pytest.raises(OSError, match="503"):
        _get(ready)
    until(lambda: "tick.waits" in said(), 20)
    (home / "away.db").rename(home / "twinletter.db")
    assert _get(ready) == (200, "ok\n")
    worker = _worker(home, "up1", up.pid)
    _end(up, home, signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
    assert worker is not None
    assert "child.ended" not in said()
    assert "Traceback" not in said()


@pytest.mark.databases("sqlite")
def test_a_private_broker_that_dies_is_started_again(
    begin: Begin, redis: Redis, house: Installation, housed: dict[str, str]
) -> None:
    assert redis
    home = house.settings.home
    up, said = begin("up", "--port=0", "--workers=1", **housed)
    _address(said)
    assert "Broker: private" in said()

    def broker() -> int | None:
        return next((pid for pid, words in _family(home).items() if "unixsocket" in words[0]), None)

    victim = broker()
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: "event=child.started child=broker" in said(), 20)
    assert broker() not in {None, victim}

    # Nobody ends what a killed one leaves behind but the next one.
    left = broker()
    up.kill()
    up.wait()
    until(lambda: set(_family(home)) == {left}, 30)
    up, said = begin("up", "--port=0", "--workers=1", **housed)
    _address(said)
    assert left not in _family(home)
    _end(up, home)
