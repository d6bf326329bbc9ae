"""The ticker: a thread in every worker child that looks at the ledger now and then.

It settles what dead workers held, closes what is finished, and says that work waits. Any
number of them may run; each round changes only what still needs it.
"""

import threading
from collections.abc import Callable
from typing import Protocol

from mailer import clock, log
from mailer.campaign.ledger import finish, open_deliveries
from mailer.db import Database
from mailer.errors import UnavailableError
from worker.claim import reap

_LOOK_SECONDS = 0.5


class WorkWaits(Protocol):
    """What is done when deliveries wait; ``unmoved``: as many as a round ago."""

    def __call__(self, *, unmoved: bool) -> None: ...


class Ticker:
    """Rounds, ``seconds`` apart, the first at once; ``leave`` is called after the last."""

    def __init__(
        self,
        database: Database,
        work_waits: WorkWaits,
        stopping: Callable[[], bool],
        leave: Callable[[], None],
        seconds: float,
    ) -> None:
        self._database = database
        self._work_waits = work_waits
        self._stopping = stopping
        self._leave = leave
        self._seconds = seconds
        self._waiting = 0

    def start(self) -> None:
        """Begin, as a thread that ends with its process."""
        threading.Thread(target=self._run, name="ticker", daemon=True).start()

    def _run(self) -> None:
        while not self._stopping():
            try:
                self.tick()
            except UnavailableError as error:
                log.logger().warning("database.unavailable", why=str(error), retry_in=self._seconds)
            except Exception:  # noqa: BLE001 — a ticker that died would leave rows in dead hands for ever
                log.logger().exception("tick.broke")
            self._rest()
        self._leave()

    def _rest(self) -> None:
        """Until the next round, or a stop."""
        until = clock.monotonic() + self._seconds
        while clock.monotonic() < until and not self._stopping():
            clock.sleep(min(self._seconds, _LOOK_SECONDS))

    def tick(self) -> None:
        """One round."""
        with self._database.write() as session:
            reaped = reap(session)
            finished = finish(session)
            waiting = open_deliveries(session)
        if any(reaped.values()):
            log.logger().warning("leases.reaped", **reaped)
        for campaign in finished:
            log.logger().info("campaign.finished", campaign=campaign)
        if waiting:
            self._work_waits(unmoved=waiting == self._waiting)
        self._waiting = waiting
