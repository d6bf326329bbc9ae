"""The receiving end: Postfix's smtp-sink, which takes everything, keeps nothing, and counts."""

import os
import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mailer import clock
from mailer.bench.program import SINK, program
from mailer.errors import UnavailableError
from mailer.i18n import N_

HOST = "127.0.0.1"
_BACKLOG = 100
_TRIES = 5
_START_SECONDS = 5.0
_COUNT = re.compile(rb"mesg=(\d+)")
# Its count is a line of some 40 octets, written anew after each message.
_TAIL = 400
_GREETING = 512  # octets of a reply's line at most (RFC 5321 §4.5.3.1.5)


@dataclass(frozen=True, slots=True)
class Sink:
    """One that listens on a loopback port."""

    port: int
    pid: int
    _counts: Path

    def taken(self) -> int:
        """How many messages it has said yes to."""
        with self._counts.open("rb") as file:
            file.seek(max(0, self._counts.stat().st_size - _TAIL))
            counts = _COUNT.findall(file.read())
        return int(counts[-1]) if counts else 0


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """A sink for as long as the block lasts; its count lies in ``folder``. Raises UnavailableError for none."""
    counts = folder / "sink"
    for _ in range(_TRIES):
        # Somebody may take the port before it does, and answer there: it is known by its name.
        name = f"{secrets.token_hex(8)}.example"
        process, port = _start(counts, name)
        if _greets(process, port, name):
            break
        _end(process)
    else:
        raise UnavailableError(N_("smtp-sink does not start: see %(log)s."), log=counts)
    try:
        yield Sink(port, process.pid, counts)
    finally:
        _end(process)


def _start(counts: Path, name: str) -> tuple["subprocess.Popen[bytes]", int]:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    account = ["-u", "nobody"] if os.geteuid() == 0 else []
    with counts.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 — a program of Postfix's, arguments of our own
            [program(SINK), *account, "-h", name, "-c", f"{HOST}:{port}", str(_BACKLOG)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    return process, port


def _greets(process: "subprocess.Popen[bytes]", port: int, name: str) -> bool:
    """Whether it is this one that answers at the port."""
    deadline = clock.monotonic() + _START_SECONDS
    while process.poll() is None and clock.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((HOST, port), 1) as line:
            return name.encode() in line.recv(_GREETING)
        clock.sleep(0.02)
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait()
