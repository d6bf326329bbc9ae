"""Ramp: how many messages a sender that nobody knows yet may send on each day of its warm-up."""

from datetime import datetime

_FIRST = 50
_DAYS = 12
_DAY_SECONDS = 86400


def ceiling(day: int) -> int | None:
    """The most for a day, the first being 0: 50, then twice as many each day; None once it is over."""
    return _FIRST << day if day < _DAYS else None


def day(since: datetime, now: datetime) -> int:
    """Which day of a warm-up it is; its first also where a clock is a little behind."""
    return max(0, int((now - since).total_seconds() // _DAY_SECONDS))
