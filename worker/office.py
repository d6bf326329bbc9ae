"""What a drain and its lanes share: the ledger and keys, the throttle, the way out."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.orm import Session

from mailer import log
from mailer.errors import UnavailableError
from mailer.i18n import N_
from mailer.installation import Installation
from worker.journal import Journal
from worker.letter import Letters
from worker.throttle import Grant, Level, News, Throttle
from worker.transport import Transport

_LONGEST_PAUSE = 5.0
_SILENCE_SECONDS = 5.0
Result = TypeVar("Result")


@dataclass(slots=True)
class Office:
    """One worker's means."""

    installation: Installation
    throttle: Throttle
    transport: Transport
    stopping: Callable[[], bool]
    journal: Journal
    sending: frozenset[int] = frozenset()
    """The campaigns that are being sent, as last seen by the drain: a pause holds in mid-batch."""
    unwanted: frozenset[int] = frozenset()
    """Deliveries in hand whose readers have withdrawn, likewise."""
    letters: Letters = field(init=False)

    def __post_init__(self) -> None:
        self.letters = Letters(self.installation)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """One committed unit of work in a helper thread, tried until the database answers.

        Asking again is safe: every change is a compare-and-set on rows that we hold. A worker
        that is to stop meanwhile raises UnavailableError; its rows are settled by their lease.
        """

        def unit() -> Result:
            with self.installation.database.write() as session:
                return work(session)

        return await self._persist(unit)

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """The same without changes."""

        def unit() -> Result:
            with self.installation.database.read() as session:
                return work(session)

        return await self._persist(unit)

    async def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        """Ask the throttle, tried until it answers."""
        return await self._persist(lambda: self.throttle.reserve(levels, want))

    async def report(self, levels: Sequence[Level], news: News) -> None:
        """Tell the throttle what became of a grant."""
        if news.unused or any(level.adaptive for level in levels):
            await self._persist(lambda: self.throttle.report(levels, news))

    async def _persist(self, unit: Callable[[], Result]) -> Result:
        pause = 0.1
        while True:
            try:
                return await self._answer(unit)
            except UnavailableError as error:
                log.logger().warning("work.waits", why=str(error), retry_in=pause)
                if self.stopping():
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _answer(self, unit: Callable[[], Result]) -> Result:
        """What a unit of work gives. One that is silent for long is said once, and not waited for by who is to stop.

        Its thread may still end it later; that is as if its answer were lost.
        """
        call = asyncio.ensure_future(asyncio.to_thread(unit))
        call.add_done_callback(lambda done: done.cancelled() or done.exception())
        said = False
        while not (await asyncio.wait({call}, timeout=_SILENCE_SECONDS))[0]:
            silence = UnavailableError(N_("No answer for %(seconds)s s."), seconds=_SILENCE_SECONDS)
            if self.stopping():
                raise silence
            if not said:
                log.logger().warning("work.waits", why=str(silence))
                said = True
        return call.result()
