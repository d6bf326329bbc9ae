"""Which broker carries the wake-ups: chosen once at start, and said."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mailer import clock, queue
from mailer.config import Settings
from mailer.errors import UnavailableError
from mailer.i18n import N_

_PROGRAMS = ("redis-server", "valkey-server")
_LONGEST_SOCKET_PATH = 100
_START_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Broker:
    """The settings that name it, what people call it, and its program where it is our own and has to be started."""

    settings: Settings
    said: str
    program: str = ""


def choose(settings: Settings) -> Broker:
    """A configured URL; else a private Redis or Valkey on a unix socket in the data home; else a folder there."""
    if settings.broker_url:
        return Broker(settings, settings.broker_url.partition("://")[0])
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None or len(str(_socket(settings))) > _LONGEST_SOCKET_PATH:
        return Broker(settings.model_copy(update={"broker_url": "filesystem://"}), "filesystem")
    own = settings.model_copy(update={"broker_url": _url(settings)})
    return Broker(own, f"private {Path(program).name}", program)


@contextmanager
def running(settings: Settings) -> Iterator[tuple[Settings, str]]:
    """The settings with a broker that runs, and its description, for as long as the block lasts.

    Raises UnavailableError where a private one does not start; ``queue.check`` tells whether a
    configured one answers.
    """
    broker = choose(settings)
    if not broker.program:
        yield broker.settings, broker.said
        return
    process = start(broker)
    try:
        yield broker.settings, broker.said
    finally:
        process.terminate()
        process.wait()


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


def start(broker: Broker) -> subprocess.Popen[bytes]:
    """The private one, once it answers. Raises UnavailableError where it does not."""
    path = _socket(broker.settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _dismiss(path)
    log = path.with_name("redis.log")
    where = ["--unixsocket", str(path), "--unixsocketperm", "700", "--port", "0"]
    what = ["--dir", str(path.parent), "--appendonly", "yes", "--logfile", str(log)]
    process = subprocess.Popen(  # noqa: S603 — a program found on PATH, arguments of our own
        [broker.program, *where, *what],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with ExitStack() as undo:
        undo.callback(process.wait)
        undo.callback(process.terminate)
        deadline = clock.monotonic() + _START_SECONDS
        while not _answers(path):
            if process.poll() is not None or clock.monotonic() > deadline:
                raise UnavailableError(
                    N_("The private %(program)s did not start: see %(log)s."), program=broker.program, log=log
                )
            clock.sleep(0.05)
        undo.pop_all()
    return process


def _dismiss(path: Path) -> None:
    """End a private one that outlived whoever started it: two would write the same files."""
    deadline = clock.monotonic() + _START_SECONDS
    while _answers(path) and clock.monotonic() < deadline:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"SHUTDOWN\r\n")
        clock.sleep(0.1)
