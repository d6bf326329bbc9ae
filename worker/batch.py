"""A batch: the rows of one grant on their way, shared among a lane's connections."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from mailer import clock, log
from worker.claim import Claimed
from worker.transport import Connection, Fate, Outcome, Parcel

# A grant older than this (or than its own interval) is asked for anew: what waited for the
# database or a slow server may not go out on top of what others send meanwhile.
_STALE_SECONDS = 0.05


class Batch:
    """Rows that are begun, each with its parcel, or with the outcome of not being able to make one.

    ``renew`` waits for another place in time; ``go_on`` says whether the rest may still go.
    """

    def __init__(
        self,
        rows: Sequence[tuple[Claimed, Parcel | Outcome]],
        renew: Callable[[], Awaitable[None]],
        go_on: Callable[[], bool],
    ) -> None:
        self._waiting = list(enumerate(rows))[::-1]
        self._renew = renew
        self._go_on = go_on
        self._outcomes: list[tuple[Claimed, Outcome]] = []

    async def transmit(
        self, connections: Sequence[Connection], timing: tuple[float, float], lease_over: float
    ) -> list[tuple[Claimed, Outcome]]:
        """Each row with its outcome; every row has one, whatever the connections do.

        ``timing``: when the grant was given and the seconds between its messages; ``lease_over``:
        when our hold on the rows ends. Both by the monotonic clock.
        """
        workers = (self._work(connection, timing, lease_over) for connection in connections[: len(self._waiting)])
        await asyncio.gather(*workers)
        return self._outcomes

    async def _work(self, connection: Connection, timing: tuple[float, float], lease_over: float) -> None:
        while self._waiting:
            place, (row, parcel) = self._waiting.pop()
            if isinstance(parcel, Parcel):
                parcel = await self._hand_over(connection, parcel, timing, place, lease_over)
            self._outcomes.append((row, parcel))

    async def _hand_over(
        self,
        connection: Connection,
        parcel: Parcel,
        timing: tuple[float, float],
        place: int,
        lease_over: float,
    ) -> Outcome:
        begun = False
        try:
            if self._go_on():
                await self._keep_time(timing, place)
            if not self._go_on():
                return Outcome(Fate.UNSENT, reply="stopped")
            # With less of the lease left than a server may take, another worker might send it meanwhile.
            if clock.monotonic() + connection.timeout > lease_over:
                return Outcome(Fate.UNSENT, reply="the lease is nearly over")
            begun = True
            return await connection.send(parcel)
        except Exception as error:  # noqa: BLE001 — the other rows must be recorded, and this one honestly
            log.logger().exception("send.broke")
            return Outcome(Fate.UNCERTAIN if begun else Fate.UNSENT, reply=type(error).__name__, after_body=begun)

    async def _keep_time(self, timing: tuple[float, float], place: int) -> None:
        """Messages of one grant go out evenly spaced; a place in time that was missed is asked for anew."""
        start, interval = timing
        if interval:
            due = start + place * interval
            await asyncio.sleep(max(0.0, due - clock.monotonic()))
            if clock.monotonic() - due > max(_STALE_SECONDS, interval):
                await self._renew()
