"""The ticker: a thread in every worker child that looks at the ledger now and then.

It settles what dead workers held, starts what is due, closes what is finished, and says that
work waits. Any number of them may run; each round changes only what still needs it.
"""

import random
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from mailer import clock, log
from mailer.audience.exchange import renew
from mailer.campaign import campaign, retention
from mailer.campaign.count import hollow, reconcile
from mailer.campaign.ledger import finish, open_deliveries
from mailer.db import schema
from mailer.errors import MailerError, MisconfiguredError, UnavailableError
from mailer.events.restored import catch_up, seen
from mailer.installation import Installation
from worker.journal import Journal
from worker.reap import fold_dead, reap, strays

_LOOK_SECONDS = 0.5
_LATE_SECONDS = 5.0
_PROOF_SECONDS = 3600.0
_COLLAPSE_SECONDS = 3600.0
_NAME = "twinletter"
"""Who does on record what no person did."""


def _next_proof() -> float:
    """When all counts are proved again: about hourly, and not by all at once."""
    return clock.monotonic() + _PROOF_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 — spreads load


class WorkWaits(Protocol):
    """What is done when deliveries wait; ``unmoved``: as many as a round ago."""

    def __call__(self, *, unmoved: bool) -> None: ...


class Ticker:
    """Rounds, ``seconds`` apart, the first at once.

    ``give_up`` ends the whole worker, where going on would do no good.
    """

    def __init__(
        self,
        house: Installation,
        journal: Journal,
        work_waits: WorkWaits,
        stopping: Callable[[], bool],
        give_up: Callable[[], None],
    ) -> None:
        self._house = house
        self._journal = journal
        self._work_waits = work_waits
        self._stopping = stopping
        self._give_up = give_up
        self._seconds = house.settings.tick
        self._waiting = 0
        self._prove_at = _next_proof()
        self._collapse_at = clock.monotonic()

    def start(self) -> threading.Thread:
        """Begin, as a thread that ends with its process."""
        thread = threading.Thread(target=self._run, name="ticker", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        while not self._stopping():
            late = threading.Timer(_LATE_SECONDS, log.logger().warning, ["tick.late"], {"seconds": _LATE_SECONDS})
            late.start()
            try:
                self.tick()
            except UnavailableError as error:
                log.logger().warning("tick.waits", why=str(error), retry_in=self._seconds)
            except MisconfiguredError as error:
                # The schema has changed under us: a program that knows it must take over.
                log.logger().error("worker.refused", why=str(error))
                self._give_up()
                break
            except Exception:  # noqa: BLE001 — a ticker that died would leave rows in dead hands for ever
                log.logger().exception("tick.broke")
            finally:
                late.cancel()
            self._rest()

    def _rest(self) -> None:
        """Until the next round, or a stop."""
        until = clock.monotonic() + self._seconds
        while clock.monotonic() < until and not self._stopping():
            clock.sleep(min(self._seconds, _LOOK_SECONDS))

    def tick(self) -> None:
        """One round."""
        schema.check(self._house.database)
        for duty in (self._catch_up, self._fold, self._start_due, self._settle, self._collapse, self._regroup):
            try:
                duty()
            except (UnavailableError, MisconfiguredError):
                raise
            except Exception:  # noqa: BLE001 — one duty's fault is no reason to leave the others undone
                log.logger().exception("tick.broke", duty=duty.__name__.strip("_"))

    def _catch_up(self) -> None:
        catch_up(self._house)
        seen(self._house.database, self._house.settings)

    def _fold(self) -> None:
        fold_dead(self._house)

    def _settle(self) -> None:
        """What the dead and the cancelled left, what is finished, what waits."""
        database = self._house.database
        with database.write() as session:
            stray = strays(session, self._journal)
            reaped = reap(session, self._house.settings.lifetime, self._journal)
            campaign.sweep(session)
            finished = finish(session)
            retention.forget(session)
            waiting = open_deliveries(session)
        if stray:
            log.logger().warning("claims.strayed", deliveries=stray)
        if reaped.total():
            log.logger().warning("leases.reaped", **reaped)
        for number in finished:
            log.logger().info("campaign.finished", campaign=number)
        unmoved = waiting == self._waiting
        self._prove([*finished, *(self._doubtful() if unmoved else ())])
        if waiting:
            self._work_waits(unmoved=unmoved)
        self._waiting = waiting

    def _doubtful(self) -> list[int]:
        """The campaigns whose counts may be wrong: those that stand still by them alone, and now and then all."""
        with self._house.database.read() as session:
            if clock.monotonic() < self._prove_at:
                return hollow(session)
            self._prove_at = _next_proof()
            return campaign.under_way(session)

    def _prove(self, campaigns: Iterable[int]) -> None:
        for number in campaigns:
            with self._house.database.write() as session:
                reconcile(session, number)

    def _collapse(self) -> None:
        """One campaign whose time is over becomes counts, some of its deliveries go; hourly, till nothing is left."""
        if clock.monotonic() < self._collapse_at:
            return
        with self._house.database.write() as session:
            collapsed = retention.collapse(session, self._house.settings.retention)
        if collapsed:
            log.logger().info("campaign.collapsed", campaign=collapsed)
        with self._house.database.write() as session:
            cleared = retention.clear(session)
        if not collapsed and not cleared:
            self._collapse_at = clock.monotonic() + _COLLAPSE_SECONDS

    def _regroup(self) -> None:
        renew(self._house)

    def _start_due(self) -> None:
        """Start a scheduled campaign whose moment has come; one that cannot be started is held, and it is said why."""
        database = self._house.database
        number = deliveries = 0
        try:
            with database.write() as session:
                if found := campaign.due(session):
                    number = found.id
                    campaign.demand_fit(self._house.renewed(), found.topic.newsletter)
                    deliveries = campaign.start(session, found, _NAME)
            if number:
                log.logger().info("campaign.started", campaign=number, deliveries=deliveries)
        except UnavailableError:
            raise
        except Exception as error:
            if not number:
                raise
            why = str(error) if isinstance(error, MailerError) else type(error).__name__
            with database.write() as session:
                campaign.hold(session, campaign.find(session, number), _NAME, why)
            log.logger().error("campaign.held", campaign=number, why=why)
