"""What processes cost, as the kernel counts it (proc(5)): CPU time and memory."""

import os
import resource
from contextlib import suppress
from pathlib import Path

from mailer.db import Database

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
# Where utime, stime, cutime and cstime stand behind the name, and the parent's number.
_TIMES, _PARENT = slice(11, 15), 1
_PEAK = "VmHWM:"


def own_seconds() -> float:
    """CPU seconds of this process so far, user and system."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def ended_children_seconds() -> float:
    """CPU seconds of the children of this process that have ended and been waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def seconds(pid: int) -> float:
    """CPU seconds of one process, and of its children that have ended."""
    return sum(map(int, _stat(pid)[_TIMES])) / _TICKS


def family_seconds(pid: int) -> float:
    """CPU seconds of a process and of all that it started."""
    return seconds(pid) + sum(map(family_seconds, children(pid)))


def children(pid: int) -> list[int]:
    """The processes that a process started and that live."""
    found: list[int] = []
    with suppress(OSError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def peak_octets(pid: int) -> int:
    """The most memory that a process has had at once, its shared pages included."""
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(_PEAK):
            return int(line.split()[1]) * 1024
    return 0


def postgresql(database: Database) -> int | None:
    """The number of the PostgreSQL server of ``database``, if it runs on this machine and can be seen."""
    if database.kind != "postgresql":
        return None
    with database.read() as session:
        backend = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with suppress(OSError, IndexError):
            server = int(_stat(int(backend))[_PARENT])
            names = {(_PROC / str(pid) / "comm").read_text().strip() for pid in (backend, server)}
            return server if names == {"postgres"} else None
    return None


def _stat(pid: int) -> list[str]:
    """The fields of a process behind its name, which may hold anything; none of one that is gone."""
    with suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []
