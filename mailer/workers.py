"""Worker processes as children of this one; they are started by name, never imported."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from mailer import clock, lock
from mailer.config import Settings, environment
from mailer.errors import RefusedError, WrongUsageError
from mailer.i18n import N_

_GRACE_SECONDS = 10.0
# A name becomes a file's.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def command(name: str, concurrency: int, *, tied: int | None = None) -> list[str]:
    """The command line of a worker; one that is ``tied`` to the number of its parent ends with that process.

    ``-P``: nothing is imported from whatever folder a person stands in.
    """
    words = [sys.executable, "-P", "-m", "worker", "--name", name, "--concurrency", str(concurrency)]
    return [*words, f"--tied={tied}"] if tied else words


def claim_name(settings: Settings, name: str) -> TextIO:
    """Make a name this process's own among the workers of this data home, until the file is closed.

    Raises WrongUsageError for a name that could not be a file's, RefusedError where a living worker has it.
    """
    if not _NAME.fullmatch(name):
        raise WrongUsageError(N_("A worker's --name is made of the letters a to z, digits, and . _ - between them."))
    held = lock.take(settings.home / "workers" / f"{name}.lock")
    if held is None:
        raise RefusedError(N_("A worker named %(name)s is at work here already: choose another --name."), name=name)
    return held


def demand_free(settings: Settings, name: str) -> None:
    """Raise as ``claim_name`` does, and keep nothing: for who starts the process that is to have the name."""
    claim_name(settings, name).close()


def start(settings: Settings, name: str, concurrency: int, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """A worker that is tied to this process; what it says goes to ``output``, else where we speak to people."""
    return subprocess.Popen(  # noqa: S603 — our own module, arguments of our own
        command(name, concurrency, tied=os.getpid()),
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=output or sys.stderr,
        stderr=output or sys.stderr,
        start_new_session=True,
    )


@contextmanager
def running(settings: Settings, names: list[str], log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers for as long as the block lasts; then each finishes what it has in flight."""
    workers: list[subprocess.Popen[bytes]] = []
    with log.open("ab") as file:
        try:
            for name in names:
                workers.append(start(settings, name, 1, file))  # noqa: PERF401 — a list at once would lose those that began
            yield workers
        finally:
            stop(workers, settings.smtp_timeout)


def stop(processes: Sequence[subprocess.Popen[bytes]], in_flight: float) -> None:
    """Ask them all to end, wait until they have, and kill what takes too long.

    ``in_flight``: seconds that what is on the wire may take; it is in doubt when they are cut short.
    """
    for process in processes:
        process.terminate()
    deadline = clock.monotonic() + in_flight + _GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - clock.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
