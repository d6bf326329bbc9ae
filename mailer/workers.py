"""Worker processes as children of this one; they are started by name, never imported."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mailer.config import Settings, environment

_STOP_SECONDS = 20.0


def command(name: str, concurrency: int, *, tied: bool) -> list[str]:
    """The command line of a worker; a ``tied`` one ends with the process that started it.

    ``-P``: nothing is imported from whatever folder a person stands in.
    """
    words = [sys.executable, "-P", "-m", "worker", "--name", name, "--concurrency", str(concurrency)]
    return [*words, "--tied"] if tied else words


@contextmanager
def running(settings: Settings, names: list[str], log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers for as long as the block lasts; then each finishes what it has in flight."""
    with ExitStack() as stack:
        file = stack.enter_context(log.open("ab"))
        workers = []
        for name in names:
            process = subprocess.Popen(  # noqa: S603 — our own module, arguments of our own
                command(name, 1, tied=True),
                env=environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
            stack.callback(_stop, process)
            workers.append(process)
        try:
            yield workers
        finally:
            for process in workers:
                process.terminate()


def _stop(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
