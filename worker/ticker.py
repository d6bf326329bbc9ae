"""The ticker: a thread in every worker child that looks at the ledger now and then.

It settles what dead workers held, closes what is finished, and wakes whoever is idle. Any
number of them may run; each round changes only what still needs it.
"""

import threading
from collections.abc import Callable

from mailer import log
from mailer.campaign.ledger import finish, open_deliveries
from mailer.db import Database
from mailer.errors import UnavailableError
from worker.claim import reap


class Ticker:
    """Rounds, ``seconds`` apart, the first at once."""

    def __init__(self, database: Database, wake: Callable[[], None], seconds: float) -> None:
        self._database = database
        self._wake = wake
        self._seconds = seconds
        self._over = threading.Event()

    def start(self) -> None:
        """Begin, as a thread that ends with its process."""
        threading.Thread(target=self._run, name="ticker", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.tick()
            except UnavailableError as error:
                log.logger().warning("database.unavailable", why=str(error), retry_in=self._seconds)
            except Exception:  # noqa: BLE001 — a ticker that died would leave rows in dead hands for ever
                log.logger().exception("tick.broke")
            self._over.wait(self._seconds)

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
            self._wake()
