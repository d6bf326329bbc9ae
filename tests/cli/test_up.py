"""Everything on one machine: it begins, mends itself, and ends without leaving anybody behind."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from mailer import clock
from mailer.campaign.campaign import find
from mailer.installation import Installation
from mailer.model import Campaign, CampaignState
from tests.cli.conftest import Begin, Run, one_line
from tests.patience import until
from tests.servers import Redis
from tests.sinks import SmtpSink

Said = Callable[[], str]


def _address(said: Said) -> str:
    until(lambda: "Pages: http://" in said(), 30)
    return said().partition("Pages: ")[2].split()[0]


def _family(home: Path) -> dict[int, list[str]]:
    """The processes that work on this data home: number and words."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_text(errors="replace")
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


@pytest.fixture
def served(house: Installation, housed: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The same with the broker that goes with the database: Redis beside PostgreSQL, else the folder."""
    if house.database.kind == "sqlite":
        return housed | {"broker_url": "filesystem://"}
    redis: Redis = request.getfixturevalue("redis")
    redis.flush()
    return housed | {"broker_url": redis.url}


@pytest.fixture
def sink(servers: None) -> Iterator[SmtpSink]:
    assert servers is None
    with SmtpSink() as server:
        yield server


def test_pages_and_a_worker_by_themselves_send_a_campaign(
    begin: Begin, run: Run, house: Installation, served: dict[str, str], campaign: Campaign, sink: SmtpSink
) -> None:
    served |= {"relay_url": f"smtp://127.0.0.1:{sink.port}"}
    web, web_said = begin("web", "--port=0", **served)
    worker, worker_said = begin("worker", "-c", "2", "--name=one", **served)
    assert _get(_address(web_said) + "readyz") == (200, "ok\n")
    until((house.settings.home / "journal").exists, 30)
    assert run("campaign", "start", str(campaign.id), "--as", "Ada", **served).returncode == 0

    def finished() -> bool:
        with house.database.read() as session:
            return find(session, campaign.id).state is CampaignState.FINISHED

    until(finished, 40)
    recipients = [mail.recipient for mail in sink.received()]
    assert (len(recipients), len(set(recipients))) == (40, 40)
    _end(web, house.settings.home / "nobody")
    _end(worker, house.settings.home)
    assert "Traceback" not in web_said() + worker_said()


def test_a_killed_worker_is_replaced_and_nobody_is_left_at_the_end(
    begin: Begin, run: Run, house: Installation, served: dict[str, str]
) -> None:
    home = house.settings.home
    up, said = begin("up", "--port=0", **served)
    url = _address(said)
    broker = served["broker_url"].partition("://")[0]
    assert f"Database: {house.database.kind}. Broker: {broker}." in said()
    assert _get(url + "healthz") == _get(url + "readyz") == (200, "ok\n")
    until(lambda: bool(_worker(home, "up1", up.pid) and _worker(home, "up2", up.pid)), 20)

    one_line(run("up", "--port=0", **served), 1, "Another mailer up")

    victim = _worker(home, "up1", up.pid)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: _worker(home, "up1", up.pid) not in {None, victim}, 20)
    assert "event=child.ended child=up1 code=-9" in said()
    _end(up, home)
    assert "Traceback" not in said()


def test_a_database_that_goes_and_comes_back(
    begin: Begin, house: Installation, served: dict[str, str], lose_database: Callable[[], Callable[[], None]]
) -> None:
    home = house.settings.home
    up, said = begin("up", "--port=0", "--workers=1", tick="0.5", **served)
    ready = _address(said) + "readyz"
    until((home / "journal").exists, 30)
    bring_back = lose_database()
    with pytest.raises(OSError, match="503"):
        _get(ready)
    until(lambda: "tick.waits" in said(), 20)
    bring_back()
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
