"""The only module that reads the time."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def this_hour() -> datetime:
    """The running hour: consent and withdrawals are recorded no finer than this."""
    return now().replace(minute=0, second=0, microsecond=0)


def monotonic() -> float:
    """Seconds that only ever grow, for time-outs and pacing; meaningless across reboots."""
    return time.monotonic()


def monotonic_us() -> int:
    """The same in microseconds; one count for all processes of this host."""
    return time.monotonic_ns() // 1000


def sleep(seconds: float) -> None:
    """Wait, in code that has no event loop."""
    time.sleep(seconds)
