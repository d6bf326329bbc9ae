"""Whatever lies in the broker: a worker drops what is no wake-up with one line, and goes on."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailer import queue, workers
from mailer.campaign.campaign import find, start
from mailer.config import Settings
from mailer.demo.organisation import AUTHOR
from mailer.installation import Installation
from mailer.model import Campaign
from tests.patience import until
from tests.servers import Redis

# Celery's own tasks included, and a pickle, which must not be opened: what it would do is make a file.
_BODY = "W1tdLCB7fSwge31d"
_WHOLE: dict[str, Any] = {
    "body": _BODY,
    "content-encoding": "utf-8",
    "content-type": "application/json",
    "headers": {"task": "celery.backend_cleanup", "id": "1", "lang": "py"},
    "properties": {
        "delivery_tag": "1", "delivery_info": {"exchange": "", "routing_key": "x"}, "body_encoding": "base64"
    },
}  # fmt: skip


def _rubbish(trap: Path) -> list[bytes]:
    """None of these is a wake-up."""
    opened = f"cposix\nsystem\n(S'touch {trap}'\ntR.".encode()
    shapes: list[object] = [
        None, 7, "x", [], {}, [[]], {"headers": None}, {"headers": []}, {"headers": {"task": ["worker.drain"]}},
        {"properties": {}}, {"__type__": "datetime", "__value__": "never"}, _WHOLE,
        _WHOLE | {"headers": {}}, _WHOLE | {"headers": {"task": "worker.none", "id": "2"}},
        _WHOLE | {"headers": {}, "content-type": "application/x-python-serialize", "body": opened.decode()},
    ]  # fmt: skip
    return [b"garbage", b"\xff\xfe", b"{", b"[" * 100_000, opened, *(json.dumps(shape).encode() for shape in shapes)]


def _broken() -> list[bytes]:
    """Each is a wake-up by its name, and lacks something or has something that it should not."""
    named = _WHOLE | {"headers": {"task": queue.DRAIN, "id": "3", "lang": "py"}}
    bodies: list[dict[str, Any]] = [
        {"headers": {"task": queue.DRAIN}},
        named | {"properties": {}},
        named | {"properties": None},
        named | {"body": 7},
        named | {"body": "%%%"},
        named | {"properties": {"delivery_tag": ["no"], "delivery_info": {}, "body_encoding": "rot13"}},
        named | {"headers": {"task": queue.DRAIN, "id": None, "expires": "never", "eta": "never", "timelimit": 3}},
        named | {"headers": {"task": queue.DRAIN, "id": "4", "compression": "application/x-bz2"}},
        named | {"content-type": "application/x-python-serialize"},
    ]
    return [json.dumps(body).encode() for body in bodies]


Lay = Callable[[bytes], None]


@contextmanager
def _working(settings: Settings, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as file:
        worker = workers.start(settings, "w1", 1, file)
    try:
        yield worker
    finally:
        workers.stop([worker], 10.0)


def _go_on(
    house: Installation, campaign: Campaign, settings: Settings, lay: Lay, left: Callable[[], int], log: Path
) -> None:
    trap = log.with_name("trap")
    rubbish = _rubbish(trap)
    for message in [*rubbish, *_broken()]:
        lay(message)
    with _working(settings, log) as worker:
        until(lambda: left() == 0, 30)
        with house.database.write() as session:
            start(session, find(session, campaign.id), AUTHOR)
        # A true wake-up still comes through; that of a relay which is not there is how it is heard of.
        queue.wake(queue.app(settings))
        until(lambda: "relay.unavailable" in log.read_text(), 30)
        assert worker.poll() is None
    said = log.read_text()
    assert worker.returncode == 0
    assert said.count("broker.rubbish") == len(rubbish)
    assert "Traceback" not in said
    assert not trap.exists()


def _told(house: Installation, broker_url: str) -> Settings:
    changes = {"broker_url": broker_url, "relay_url": "smtp://127.0.0.1:1", "tick": 600.0}
    return house.settings.model_copy(update=changes)


@pytest.mark.databases("sqlite")
def test_in_redis(house: Installation, campaign: Campaign, redis: Redis, tmp_path: Path) -> None:
    redis.flush()

    def lay(message: bytes) -> None:
        assert redis.say(b"*3\r\n$5\r\nLPUSH\r\n$10\r\ntwinletter\r\n$%d\r\n%b\r\n" % (len(message), message))

    def left() -> int:
        waiting = int(redis.say(b"LLEN twinletter\r\n")[1:])
        return waiting + int(redis.say(b"HLEN unacked\r\n")[1:])

    _go_on(house, campaign, _told(house, redis.url), lay, left, tmp_path / "log")


@pytest.mark.databases("sqlite")
def test_in_a_folder(house: Installation, campaign: Campaign, tmp_path: Path) -> None:
    settings = _told(house, "filesystem://")
    queue.app(settings)
    messages = queue.folder(settings) / "messages"

    def lay(message: bytes) -> None:
        number = sum(1 for _ in messages.iterdir())
        (messages / f"{number}.twinletter.msg").write_bytes(message)

    _go_on(house, campaign, settings, lay, lambda: sum(1 for _ in messages.iterdir()), tmp_path / "log")
