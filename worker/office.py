"""What a drain and its lanes share: the ledger and keys, the throttle, the way out."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.orm import Session

from mailer import log
from mailer.errors import UnavailableError
from mailer.i18n import N_
from mailer.installation import Installation
from worker.journal import Journal
from worker.letter import Letters
from worker.route import Routes
from worker.throttle import Cap, Grant, Level, News, Throttle

_LEDGER_THREADS = 4
_THROTTLE_THREADS = 2
_LONGEST_PAUSE = 5.0
_SILENCE_SECONDS = 5.0
Result = TypeVar("Result")


@dataclass(slots=True)
class Office:
    """One worker's means.

    The ledger and the throttle are asked in threads of their own: neither waits for the other where one is
    silent, nor for the look-up of a name, which the event loop does in its own.
    """

    installation: Installation
    throttle: Throttle
    routes: Routes
    stopping: Callable[[], bool]
    journal: Journal
    sending: frozenset[int] = frozenset()
    """The campaigns that are being sent, as last seen by the drain: a pause holds in mid-batch."""
    unwanted: frozenset[int] = frozenset()
    """Deliveries in hand whose readers have withdrawn, likewise."""
    letters: Letters = field(init=False)
    _ledger: Executor = field(init=False)
    _pacing: Executor = field(init=False)

    def __post_init__(self) -> None:
        self.letters = Letters(self.installation)
        self._ledger = ThreadPoolExecutor(_LEDGER_THREADS, thread_name_prefix="ledger")
        self._pacing = ThreadPoolExecutor(_THROTTLE_THREADS, thread_name_prefix="throttle")

    def close(self) -> None:
        """Let the threads end; one that waits for an answer ends when it comes."""
        self._ledger.shutdown(wait=False)
        self._pacing.shutdown(wait=False)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """One committed unit of work in a helper thread, tried until the database answers.

        Asking again is safe: every change is a compare-and-set on rows that we hold. A worker
        that is to stop meanwhile raises UnavailableError; its rows are settled by their lease.
        """

        def unit() -> Result:
            with self.installation.database.write() as session:
                return work(session)

        return await self._persist(self._ledger, unit)

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """The same without changes."""

        def unit() -> Result:
            with self.installation.database.read() as session:
                return work(session)

        return await self._persist(self._ledger, unit)

    async def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        """Ask the throttle, tried until it answers."""
        return await self._persist(self._pacing, lambda: self.throttle.reserve(levels, want))

    async def report(self, levels: Sequence[Level], news: News) -> None:
        """Tell the throttle what became of a grant."""
        if news.unused or any(level.adaptive for level in levels):
            await self._persist(self._pacing, lambda: self.throttle.report(levels, news))

    async def lease(self, caps: Sequence[Cap], tokens: Sequence[str], want: int, ttl: float) -> int:
        """Ask the throttle for connections; how many may be open."""
        if not caps:
            return want
        return await self._persist(self._pacing, lambda: self.throttle.lease(caps, tokens, want, ttl))

    async def _persist(self, threads: Executor, unit: Callable[[], Result]) -> Result:
        pause = 0.1
        while True:
            try:
                return await self._answer(threads, unit)
            except UnavailableError as error:
                log.logger().warning("work.waits", why=str(error), retry_in=pause)
                if self.stopping():
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _answer(self, threads: Executor, unit: Callable[[], Result]) -> Result:
        """What a unit of work gives. One that is silent for long is said once, and not waited for by who is to stop.

        Its thread may still end it later; that is as if its answer were lost.
        """
        call = asyncio.get_running_loop().run_in_executor(threads, unit)
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
