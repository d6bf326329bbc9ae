"""Throttling: permission to send, asked for before anything is claimed.

A store answers in one atomic step for all levels together, so that workers share their limits
exactly. What it answers is decided by ``rule``, and what it remembers is lost without harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Level:
    """A limit that a message must keep: its scope, and at most how many messages per second.

    ``adaptive``: below that it finds its own pace, from what the servers answer.
    """

    scope: str
    per_second: float
    adaptive: bool = False


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many connections at once, over all workers."""

    scope: str
    most: int


@dataclass(frozen=True, slots=True)
class Grant:
    """``granted`` messages may go from now on, ``interval`` seconds apart; with none, ask again after ``wait``."""

    granted: int
    wait: float
    interval: float


@dataclass(frozen=True, slots=True)
class News:
    """What became of a grant: ``unused`` of it, ``taken`` by the servers; ``slowed``: they asked for less."""

    unused: int = 0
    taken: int = 0
    slowed: bool = False


class Throttle(Protocol):
    """A store that all workers share."""

    def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        """At most ``want``, at most what every level has room for."""

    def report(self, levels: Sequence[Level], news: News) -> None:
        """Give back what was not used, and let the adaptive levels learn from the rest."""

    def lease(self, caps: Sequence[Cap], tokens: Sequence[str], want: int, ttl: float) -> int:
        """Hold as many connections as all caps have room for, at most ``want``; how many.

        They are held for ``ttl`` seconds in the name of the first so many ``tokens``, anew where they were held
        already; the other tokens hold nothing any more. So with none wanted all are given back. Under a cap
        that was lowered nobody is cut off: who asks again is given less.
        """
