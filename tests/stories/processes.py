"""Processes as the kernel shows them: whose children and connections they are, standing still, killed."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.patience import until


def children(pid: int) -> list[int]:
    """A worker's prefork children: those that hold rows and connections."""
    # Any of its threads may have made the child that lives now; for a moment there may be none.
    with suppress(FileNotFoundError, ProcessLookupError):
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    return []


def freeze(pid: int) -> None:
    """Stop a process in its tracks, wherever it is."""
    os.kill(pid, signal.SIGSTOP)
    stat = Path(f"/proc/{pid}/stat")
    until(lambda: stat.read_text().rpartition(")")[2].split()[0] in "TZ", 5)


def thaw(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)


def connections(pid: int, *ports: int) -> int:
    """How many connections a process has to some ports."""
    established = "01"
    ours = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, _, theirs, state, *rest = line.split()
        if state == established and int(theirs.partition(":")[2], 16) in ports:
            ours.add(f"socket:[{rest[5]}]")
    found = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += str(link.readlink()) in ours
    return found


def kill(pid: int) -> None:
    """As an out-of-memory killer would."""
    os.kill(pid, signal.SIGKILL)
