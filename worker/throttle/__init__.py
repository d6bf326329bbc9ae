"""Throttling: permission to send, asked for before anything is claimed.

A store answers ``reserve(levels, want)`` in one atomic step for all levels together, so that
workers share their limits exactly. The rule is GCRA (ITU-T I.371): each level remembers up to
when its time is given away; a message takes 1/rate of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

FARTHEST_US = 3_600_000_000
"""A level given away for longer than this, and than two messages, was written by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class Level:
    """A limit that a message must keep: its scope, and its rate in messages per second."""

    scope: str
    per_second: float

    @property
    def interval_us(self) -> int:
        """Microseconds of the level's time that one message takes."""
        return round(1_000_000 / self.per_second)

    @property
    def burst(self) -> int:
        """Messages that may go at once after idling: a twentieth of a second's worth, at least one."""
        return max(1, int(self.per_second / 20))


@dataclass(frozen=True, slots=True)
class Grant:
    """``granted`` messages may go now, ``interval`` seconds apart; with none, ask again after ``wait``."""

    granted: int
    wait: float
    interval: float


class Throttle(Protocol):
    """A store that all workers share."""

    def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        """At most ``want``, at most what every level has room for."""

    def refund(self, levels: Sequence[Level], unused: int) -> None:
        """Give back what was granted and not used."""
