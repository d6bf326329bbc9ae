"""Which broker carries the wake-ups: chosen once at start, and said."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailer import clock, queue
from mailer.config import Settings
from mailer.errors import UnavailableError
from mailer.i18n import N_

_PROGRAMS = ("redis-server", "valkey-server")
_LONGEST_SOCKET_PATH = 100
_START_SECONDS = 5.0


@contextmanager
def running(settings: Settings) -> Iterator[tuple[Settings, str]]:
    """The settings with a broker that runs, and its description, for as long as the block lasts.

    A configured URL; else a private Redis or Valkey on a unix socket in the data home; else
    a folder there. Raises UnavailableError where the private one does not start; ``queue.check``
    tells whether a configured one answers.
    """
    if settings.broker_url:
        yield settings, settings.broker_url.partition("://")[0]
        return
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None or len(str(_socket(settings))) > _LONGEST_SOCKET_PATH:
        yield settings.model_copy(update={"broker_url": "filesystem://"}), "filesystem"
        return
    with _private_server(program, _socket(settings)):
        yield settings.model_copy(update={"broker_url": _url(settings)}), f"private {Path(program).name}"


def chosen(settings: Settings) -> Settings:
    """The settings for a process that comes later: the broker that already runs here, or the folder."""
    if settings.broker_url:
        return settings
    url = _url(settings) if _answers(_socket(settings)) else "filesystem://"
    return settings.model_copy(update={"broker_url": url})


def _socket(settings: Settings) -> Path:
    return queue.folder(settings) / "redis.sock"


def _url(settings: Settings) -> str:
    return f"redis+socket://{_socket(settings)}?virtual_host=0"


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


@contextmanager
def _private_server(program: str, path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = path.with_name("redis.log")
    process = subprocess.Popen(  # noqa: S603 — a program found on PATH, arguments of our own
        [
            program,
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--unixsocketperm",
            "700",
            "--dir",
            str(path.parent),
            "--appendonly",
            "yes",
            "--logfile",
            str(log),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = clock.monotonic() + _START_SECONDS
        while not _answers(path):
            if process.poll() is not None or clock.monotonic() > deadline:
                raise UnavailableError(
                    N_("The private %(program)s did not start: see %(log)s."), program=program, log=log
                )
            clock.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()
