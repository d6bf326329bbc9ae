"""A batch: the rows of one grant on their way, shared among a lane's connections."""

import asyncio
from collections.abc import Callable, Sequence

from mailer import clock, log
from mailer.errors import MailerError, UnavailableError
from worker.claim import Claimed
from worker.journal import Journal
from worker.pace import Pace
from worker.transport import Connection, Fate, Outcome, Parcel

_Row = tuple[Claimed, Parcel | Outcome]


class _KeptError(MailerError):
    """A message that is not begun after all."""


class Batch:
    """Rows that are begun under one claim, each with its parcel, or with the outcome of there being none.

    ``may_go`` says whether a row may still go; ``lease_over`` (monotonic clock) is when our hold
    on them ends.
    """

    def __init__(
        self,
        rows: Sequence[_Row],
        claim: str,
        journal: Journal,
        pace: Pace,
        may_go: Callable[[int], bool],
        lease_over: float,
    ) -> None:
        self._waiting: list[_Row] = list(rows)[::-1]
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
        announced: list[_Row] = []

        def following() -> Parcel | None:
            if parcel := self._ready(connection):
                # Nobody else's from now on.
                announced.append(self._waiting.pop())
            return parcel

        while announced or self._waiting:
            ahead = bool(announced)
            row, parcel = announced.pop() if ahead else self._waiting.pop()
            if isinstance(parcel, Parcel):
                parcel = await self._hand_over(connection, parcel, following, ahead=ahead)
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
        parcel = self._waiting[-1][1] if self._waiting else None
        if not isinstance(parcel, Parcel) or self._why_not(connection, parcel) or not self._pace.take():
            return None
        return parcel

    async def _hand_over(
        self, connection: Connection, parcel: Parcel, following: Callable[[], Parcel | None], *, ahead: bool
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
            await self._take_turn(connection, parcel, ahead=ahead)
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

    async def _take_turn(self, connection: Connection, parcel: Parcel, *, ahead: bool) -> None:
        """Wait for a place in time, if it has none yet. Raises _KeptError where it may not be begun, or not soon."""
        self._demand(connection, parcel)
        if not ahead and not await self._pace.keep(len(self._waiting) + 1):
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
