"""A batch: the rows of one grant on their way, shared among a lane's connections."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain, takewhile

from mailer import clock, log
from mailer.errors import MailerError, UnavailableError
from mailer.reply import CLASSES
from worker.claim import Claimed
from worker.journal import Journal
from worker.pace import Pace
from worker.transport import Connection, Fate, Outcome, Parcel

_Made = tuple[Claimed, Parcel]
_AT_ONCE_SECONDS = 0.003
"""For so long mails are made one after another: each finds in the processor's cache what the one before has used. For
longer, others' answers would wait: a server that is near would be taken for a far one."""
Make = Callable[[Claimed], Parcel | Outcome]
"""A row's parcel, or the outcome of there being none."""


class _KeptError(MailerError):
    """A message that is not begun after all."""


class Batch:
    """Rows that are begun under one claim.

    ``make``: a few mails are made when the first one's turn comes, and each is let go of when it has left, so that a
    batch may have any number of them. ``may_go`` says whether a row may still go; ``lease_over`` (monotonic clock) is
    when our hold on them ends.
    """

    def __init__(
        self,
        rows: Sequence[Claimed],
        make: Make,
        claim: str,
        journal: Journal,
        pace: Pace,
        may_go: Callable[[int], bool],
        lease_over: float,
    ) -> None:
        self._waiting = list(rows)[::-1]
        # Rows without an outcome, and of these the ones whose body has not begun to leave.
        self._open = {row.id: row for row in rows}
        self._unbegun = set(self._open)
        self._make = make
        self._made: dict[int, Parcel | Outcome] = {}
        self._claim = claim
        self._journal = journal
        self._pace = pace
        self._may_go = may_go
        self._lease_over = lease_over
        self._outcomes: list[tuple[Claimed, Outcome]] = []
        self._reached = self._refused = self._faulty = False
        self.moved_at = clock.monotonic()
        """When something was last answered, or it began."""

    @property
    def waiting(self) -> list[int]:
        """The deliveries of which no body has begun to leave: until then each may still be dropped."""
        return list(self._unbegun)

    async def transmit(self, connections: Sequence[Connection]) -> None:
        """Send all of it; what became of it, whatever the connections did, is told by ``settled``."""
        works = (self._work(connection) for connection in connections[: len(self._waiting)])
        # One that breaks takes no other with it, whose messages are on the wire.
        for fault in await asyncio.gather(*works, return_exceptions=True):
            if fault is not None:
                log.logger().error("batch.broke", exc_info=fault)

    def settled(self) -> list[tuple[Claimed, Outcome]]:
        """Each row with what is known of it: what has no outcome is in doubt, or did not leave."""
        kept = Outcome(Fate.KEPT, reply="the batch broke before its turn came")
        doubt = Outcome(Fate.UNCERTAIN, reply="the batch broke before its answer came", after_body=True)
        rest = [(row, kept if row.id in self._unbegun else doubt) for row in self._open.values()]
        return [*self._outcomes, *rest]

    async def _work(self, connection: Connection) -> None:
        announced: list[_Made] = []

        def following() -> Parcel | None:
            if made := self._ready(connection):
                announced.append(made)
            return made[1] if made else None

        while announced or self._waiting:
            ahead = announced.pop() if announced else None
            row = ahead[0] if ahead else self._waiting.pop()
            outcome = await self._hand_over(connection, row, following, ahead and ahead[1])
            if ahead and outcome.fate is Fate.KEPT:
                # Its envelope may have left: the server waits for a body that may not come any more.
                await connection.close()
            self._reached |= outcome.fate is not Fate.KEPT and not outcome.unreached
            # The campaign is about to be paused, or the server wants less: the rest would be refused as well.
            # So it would where nobody is let in, or nobody is there: one knock tells as much as a batch of them.
            in_vain = outcome.unreached and not self._reached
            self._refused |= outcome.halts or outcome.slows or outcome.turned_away or in_vain
            self._settle(row, outcome)

    def _settle(self, row: Claimed, outcome: Outcome) -> None:
        self._unbegun.discard(row.id)
        del self._open[row.id]
        self._outcomes.append((row, outcome))
        self.moved_at = clock.monotonic()

    def _ready(self, connection: Connection) -> _Made | None:
        """The row whose turn it is with its parcel, if its place in time has come and it may go: nobody else's then."""
        row = self._waiting[-1] if self._waiting else None
        if row is None or self._why_not(connection, row.id) or not self._pace.take():
            return None
        self._waiting.pop()
        parcel = self._parcel(row)
        if isinstance(parcel, Outcome):
            self._settle(row, parcel)
            return None
        return row, parcel

    def _parcel(self, row: Claimed) -> Parcel | Outcome:
        """What there is to send; made together with what comes next, where that has not been done."""
        if row.id not in self._made:
            until = clock.monotonic() + _AT_ONCE_SECONDS
            for each in takewhile(lambda other: other.id not in self._made, chain((row,), reversed(self._waiting))):
                self._made[each.id] = self._filled(each)
                if clock.monotonic() > until:
                    break
        return self._made.pop(row.id)

    def _filled(self, row: Claimed) -> Parcel | Outcome:
        """A row's mail. A fault of ours keeps the row: nobody may fail for it."""
        try:
            return self._make(row)
        except Exception as error:  # noqa: BLE001 — the others have mails of their own
            known = isinstance(error, MailerError)
            why = str(error) if known else type(error).__name__
            if not self._faulty:
                log.logger().error("letter.kept", why=why, exc_info=not known)
            self._faulty = True
            return Outcome(Fate.KEPT, reply=why, kind=CLASSES["fault"])

    async def _hand_over(
        self, connection: Connection, row: Claimed, following: Callable[[], Parcel | None], ahead: Parcel | None
    ) -> Outcome:
        """``ahead``: its parcel, where that was announced."""
        begun = False

        def leaving() -> None:
            nonlocal begun
            # A slow server may have had its time with the names: asked again, at the last moment.
            self._demand(connection, row)
            try:
                self._journal.intent(self._claim, row.id)
            except UnavailableError as error:
                # Nor can the others be begun: each would open a transaction in vain.
                self._refused = True
                raise _KeptError(str(error)) from None
            self._unbegun.discard(row.id)
            begun = True

        try:
            await self._take_turn(connection, row, ahead=bool(ahead))
            parcel = ahead or self._parcel(row)
            if isinstance(parcel, Outcome):
                return parcel
            outcome = await connection.send(parcel, leaving, following)
        except (_KeptError, UnavailableError) as error:
            # Ours, before the body: nothing left.
            return Outcome(Fate.KEPT, reply=str(error))
        except Exception as error:  # noqa: BLE001 — the other rows must be recorded, and this one honestly
            log.logger().exception("send.broke")
            return Outcome(Fate.UNCERTAIN if begun else Fate.UNSENT, reply=type(error).__name__, after_body=begun)
        if begun:
            try:
                self._journal.result(self._claim, row.id, outcome.fate, outcome.code)
            except UnavailableError as error:
                # We know more than it does, and say so to the ledger.
                log.logger().error("journal.unavailable", why=str(error))
        return outcome

    async def _take_turn(self, connection: Connection, row: Claimed, *, ahead: bool) -> None:
        """Wait for a place in time, if it has none yet. Raises _KeptError where it may not be begun, or not soon."""
        self._demand(connection, row)
        if not ahead and not await self._pace.keep(len(self._waiting) + 1):
            raise _KeptError("its place in time was missed, and there is none soon")
        self._demand(connection, row)

    def _demand(self, connection: Connection, row: Claimed) -> None:
        """Raise _KeptError where a message may not be begun."""
        if why_not := self._why_not(connection, row.id):
            raise _KeptError(why_not)

    def _why_not(self, connection: Connection, delivery: int) -> str:
        if self._refused:
            return "the server refuses what we send, or wants less; or there is no room for what was begun"
        if not self._may_go(delivery):
            return "stopped, paused or withdrawn"
        # With less of the lease left than a server may take, another worker might send it meanwhile.
        if clock.monotonic() + connection.timeout > self._lease_over:
            return "the lease is nearly over"
        return ""
