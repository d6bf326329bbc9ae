"""A batch: the rows of one grant on their way, shared among a lane's connections."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from mailer import clock, log
from mailer.errors import MailerError, UnavailableError
from worker.claim import Claimed
from worker.journal import Journal
from worker.throttle import Grant
from worker.transport import Connection, Fate, Outcome, Parcel

# A grant older than this (or than its own interval) is asked for anew: what waited for the
# database or a slow server may not go out on top of what others send meanwhile.
_STALE_SECONDS = 0.025


@dataclass(frozen=True, slots=True)
class Pace:
    """The places in time of one grant: ``interval`` seconds apart from ``start`` on (monotonic clock)."""

    start: float
    interval: float
    renew: Callable[[], Awaitable[bool]]
    """Waits for another place in exchange for one that was missed; whether there is one soon."""

    async def keep(self, place: int) -> bool:
        """Wait for a place in time; one that was missed is asked for anew. Whether there is one."""
        if (early := -self._late(place)) > 0:
            await asyncio.sleep(early)
        return not self._missed(place) or await self.renew()

    def is_now(self, place: int) -> bool:
        """Whether a place in time has come, and was not missed."""
        return self._late(place) >= 0 and not self._missed(place)

    def _missed(self, place: int) -> bool:
        return bool(self.interval) and self._late(place) > max(_STALE_SECONDS, self.interval)

    def _late(self, place: int) -> float:
        return clock.monotonic() - self.start - place * self.interval


def left(grant: Grant, seconds: float) -> int:
    """How many places of a grant that was asked for so long ago are not over yet."""
    if not grant.interval:
        return grant.granted
    return max(0, math.ceil(grant.granted - seconds / grant.interval))


_Turn = tuple[int, tuple[Claimed, Parcel | Outcome]]


class _KeptError(MailerError):
    """A message that is not begun after all."""


class Batch:
    """Rows that are begun under one claim, each with its parcel, or with the outcome of there being none.

    ``may_go`` says whether a row may still go; ``lease_over`` (monotonic clock) is when our hold
    on them ends.
    """

    def __init__(
        self,
        rows: Sequence[tuple[Claimed, Parcel | Outcome]],
        claim: str,
        journal: Journal,
        pace: Pace,
        may_go: Callable[[int], bool],
        lease_over: float,
    ) -> None:
        self._waiting: list[_Turn] = list(enumerate(rows))[::-1]
        self._unbegun = {row.id for row, _ in rows}
        self._claim = claim
        self._journal = journal
        self._pace = pace
        self._may_go = may_go
        self._lease_over = lease_over
        self._outcomes: list[tuple[Claimed, Outcome]] = []
        self._refused = False
        self.moved_at = clock.monotonic()
        """When something was last answered, or it began."""

    @property
    def waiting(self) -> list[int]:
        """The deliveries of which no body has begun to leave: until then each may still be dropped."""
        return list(self._unbegun)

    async def transmit(self, connections: Sequence[Connection]) -> list[tuple[Claimed, Outcome]]:
        """Each row with its outcome; every row has one, whatever the connections do."""
        await asyncio.gather(*(self._work(connection) for connection in connections[: len(self._waiting)]))
        return self._outcomes

    async def _work(self, connection: Connection) -> None:
        announced: list[_Turn] = []

        def following() -> Parcel | None:
            if parcel := self._ready(connection):
                # Nobody else's from now on.
                announced.append(self._waiting.pop())
            return parcel

        while announced or self._waiting:
            ahead = bool(announced)
            place, (row, parcel) = announced.pop() if ahead else self._waiting.pop()
            if isinstance(parcel, Parcel):
                parcel = await self._hand_over(connection, parcel, place, following)
                if ahead and parcel.fate is Fate.KEPT:
                    # Its envelope may have left: the server waits for a body that may not come any more.
                    await connection.close()
                # The campaign is about to be paused, or the server wants less: the rest would be refused as well.
                self._refused |= parcel.halts or parcel.slows
            self._unbegun.discard(row.id)
            self._outcomes.append((row, parcel))
            self.moved_at = clock.monotonic()

    def _ready(self, connection: Connection) -> Parcel | None:
        """The parcel whose turn it is, if its place in time has come and it may go."""
        if not self._waiting:
            return None
        place, (_, parcel) = self._waiting[-1]
        if not isinstance(parcel, Parcel) or not self._pace.is_now(place) or self._why_not(connection, parcel):
            return None
        return parcel

    async def _hand_over(
        self, connection: Connection, parcel: Parcel, place: int, following: Callable[[], Parcel | None]
    ) -> Outcome:
        begun = False

        def leaving() -> None:
            nonlocal begun
            # A slow server may have had its time with the names: asked again, at the last moment.
            self._demand(connection, parcel)
            try:
                self._journal.intent(self._claim, parcel.delivery_id)
            except UnavailableError as error:
                raise _KeptError(str(error)) from None
            self._unbegun.discard(parcel.delivery_id)
            begun = True

        try:
            await self._take_turn(connection, parcel, place)
            outcome = await connection.send(parcel, leaving, following)
        except (_KeptError, UnavailableError) as error:
            # Ours, before the body: nothing left.
            return Outcome(Fate.KEPT, reply=str(error))
        except Exception as error:  # noqa: BLE001 — the other rows must be recorded, and this one honestly
            log.logger().exception("send.broke")
            return Outcome(Fate.UNCERTAIN if begun else Fate.UNSENT, reply=type(error).__name__, after_body=begun)
        if begun:
            try:
                self._journal.result(self._claim, parcel.delivery_id, outcome.fate, outcome.code)
            except UnavailableError as error:
                # We know more than it does, and say so to the ledger.
                log.logger().error("journal.unavailable", why=str(error))
        return outcome

    async def _take_turn(self, connection: Connection, parcel: Parcel, place: int) -> None:
        """Wait for a message's place in time. Raises _KeptError where it may not be begun, or not soon."""
        self._demand(connection, parcel)
        if not await self._pace.keep(place):
            raise _KeptError("its place in time was missed, and there is none soon")
        self._demand(connection, parcel)

    def _demand(self, connection: Connection, parcel: Parcel) -> None:
        """Raise _KeptError where a message may not be begun."""
        if why_not := self._why_not(connection, parcel):
            raise _KeptError(why_not)

    def _why_not(self, connection: Connection, parcel: Parcel) -> str:
        if self._refused:
            return "the server refuses what we send, or wants less"
        if not self._may_go(parcel.delivery_id):
            return "stopped, paused or withdrawn"
        # With less of the lease left than a server may take, another worker might send it meanwhile.
        if clock.monotonic() + connection.timeout > self._lease_over:
            return "the lease is nearly over"
        return ""
