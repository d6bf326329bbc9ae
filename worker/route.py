"""The ways out of one worker: each route's transport, which of several is taken, and which are out of order."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mailer import clock, log
from mailer.campaign.allowance import Allowance
from mailer.campaign.route import Way
from mailer.errors import MisconfiguredError
from worker.transport import Connection, Fate, Outcome, Transport
from worker.transport.unfit import UnfitConnection

_FIRST_PAUSE = 5.0
_DOUBLINGS = 6
"""After as many failures in a row the pause grows no more: 320 s."""


@dataclass(slots=True)
class _Breaker:
    """How often in a row a route was not to be reached, when it last was not, and when it is tried again.

    Moments are of the monotonic clock. ``ref``: the route's own; ``why``: what was said last; ``refuses``: it is us
    that it will not have.
    """

    ref: bytes
    failures: int = 0
    failed_at: float = 0.0
    again: float = 0.0
    why: str = ""
    refuses: bool = False

    @property
    def pause(self) -> float:
        return float(_FIRST_PAUSE * 2 ** min(self.failures - 1, _DOUBLINGS)) if self.failures else 0.0


class Routes:
    """What a worker's process knows of its ways out; ``open_`` makes a way's transport (or MisconfiguredError)."""

    def __init__(self, open_: Callable[[Way], Transport]) -> None:
        self._open = open_
        self._transports: dict[Way, Transport] = {}
        self._breakers: dict[str, _Breaker] = {}

    def connect(self, way: Way) -> Connection:
        """A connection by a way. A way that was changed is another one.

        One that is not fit for use fails like one that is out of order, and is looked at anew by the next drain.
        """
        if way not in self._transports:
            self._transports = {kept: each for kept, each in self._transports.items() if kept.name != way.name}
            try:
                self._transports[way] = self._open(way)
            except MisconfiguredError as error:
                return UnfitConnection(str(error))
        return self._transports[way].connect()

    def choose(self, among: Sequence[Allowance]) -> Allowance:
        """By weight one that is in order; where none is, one that stands by; else the one that is tried again first."""
        now = clock.monotonic()
        in_order = [each for each in among if self._breaker(each.way).again <= now]
        weighty = [each for each in in_order if each.way.weight] or in_order
        if not weighty:
            return min(among, key=lambda each: self._breaker(each.way).again)
        weights = [max(1, each.way.weight) for each in weighty]
        (chosen,) = random.choices(weighty, weights)  # noqa: S311 — spreads load
        return chosen

    def detour(self, way: Way, among: Iterable[Allowance]) -> bool:
        """Whether another of these is in order, so that what did not get through by ``way`` may go at once."""
        now = clock.monotonic()
        return any(each.way.name != way.name and self._breaker(each.way).again <= now for each in among)

    def refusing(self) -> frozenset[str]:
        """The names of those that will not have us, until they are tried again."""
        now = clock.monotonic()
        return frozenset(name for name, each in self._breakers.items() if each.refuses and each.again > now)

    def begin(self, way: Way, seconds: float = 0.0) -> float:
        """A batch is about to be tried: one that was out of order is tried by one lane, not by all at once.

        ``seconds``: how long it may take to find out. Who drops what is sent there is as silent as that.
        """
        now, breaker = clock.monotonic(), self._breaker(way)
        if breaker.failures:
            breaker.again = max(breaker.again, now + max(breaker.pause, seconds))
        return now

    def tell(self, way: Way, outcomes: Iterable[Outcome], begun: float) -> None:
        """What became of a batch: a way by which nothing was reached is out of order for a while.

        All lanes that were under way by then tell of the same outage, which counts once, and is said once. What we
        kept, or broke ourselves, tells nothing.
        """
        told = (outcome for outcome in outcomes if outcome.fate is not Fate.KEPT)
        tried = [each for each in told if each.unreached or each.code is not None or each.kind is not None]
        breaker = self._breaker(way)
        if tried and not all(outcome.unreached for outcome in tried):
            if breaker.failures:
                log.logger().info("route.works", route=way.name)
            self._breakers.pop(way.name, None)
        elif tried and begun >= breaker.failed_at:
            # Whether it is us that is refused weighs more than a line that broke beside it.
            told_most = max(tried, key=lambda each: each.halts)
            breaker.failures += 1
            breaker.failed_at = clock.monotonic()
            breaker.again = breaker.failed_at + breaker.pause
            breaker.refuses = told_most.halts
            if told_most.reply != breaker.why:
                log.logger().warning("route.broken", route=way.name, why=told_most.reply, retry_in=breaker.pause)
            breaker.why = told_most.reply

    def _breaker(self, way: Way) -> _Breaker:
        """Of a route that was added anew it is not known that it is out of order, though it has the same name."""
        found = self._breakers.get(way.name)
        if found is None or found.ref != way.ref:
            found = self._breakers[way.name] = _Breaker(way.ref)
        return found
