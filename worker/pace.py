"""The pace of a batch: the places in time that the throttle granted it, taken one after the other."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from heapq import heappop, heappush

from mailer import clock
from worker.throttle import Grant

_STALE_SECONDS = 0.025
"""A place that is over for longer than this (or than its own interval) is asked for anew: what waited for the
database or a slow server may not go out on top of what others send meanwhile."""
_FREE_SECONDS = 0.0001
"""Places that are no farther apart are never over: nobody sends so fast that what is late could pile up on the rest,
and each message would have a question of its own to the throttle."""


class Pace:
    """The places of a grant, from ``start`` on (monotonic clock), for messages in whatever order they come.

    ``renew``: asks for at most so many places in exchange for as many that were missed, and waits for them if
    they come soon.
    """

    def __init__(self, grant: Grant, start: float, renew: Callable[[int], Awaitable[Grant]]) -> None:
        self._renew = renew
        self._asking = asyncio.Lock()
        self._places: list[float] = []
        self._missed = 0
        self._begin(grant, start)

    async def keep(self, wanted: int) -> bool:
        """Wait for the next place; whether there is one, soon. ``wanted``: how many messages there are for places."""
        while self._interval:
            async with self._asking:
                if not self._left() and not await self._again(wanted):
                    return False
                if not self._interval:
                    break
                due = heappop(self._places)
            await asyncio.sleep(max(0.0, due - clock.monotonic()))
            if not self._over(due):
                break
            self._missed += 1
        return True

    def take(self) -> bool:
        """Take the next place, if it has come; whether it had."""
        if not self._interval:
            return True
        if not self._left() or self._places[0] > clock.monotonic():
            return False
        heappop(self._places)
        return True

    def _begin(self, grant: Grant, start: float) -> None:
        self._interval = grant.interval
        for place in range(grant.granted if grant.interval else 0):
            heappush(self._places, start + place * grant.interval)

    def _left(self) -> bool:
        """Whether there are places that are not over yet."""
        while self._places and self._over(self._places[0]):
            heappop(self._places)
            self._missed += 1
        return bool(self._places)

    def _over(self, due: float) -> bool:
        return self._interval > _FREE_SECONDS and clock.monotonic() - due > max(_STALE_SECONDS, self._interval)

    async def _again(self, wanted: int) -> bool:
        """All that were missed at once, since each question costs as much as a message."""
        grant = await self._renew(max(1, min(wanted, self._missed)))
        self._missed = max(0, self._missed - grant.granted)
        if grant.granted:
            self._begin(grant, clock.monotonic())
        return grant.granted > 0


def left(grant: Grant, seconds: float) -> int:
    """How many places of a grant that was asked for so long ago are not over yet."""
    if not grant.interval:
        return grant.granted
    return max(0, math.ceil(grant.granted - seconds / grant.interval))
