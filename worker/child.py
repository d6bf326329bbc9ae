"""One prefork child: its own database, event loop and ticker, made after the fork."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from celery import Celery

from mailer import clock, installation, log, queue
from mailer.config import Settings
from mailer.db import schema
from mailer.errors import MailerError, MisconfiguredError, UnavailableError
from mailer.events.restored import catch_up
from mailer.installation import Installation
from mailer.patience import patiently
from worker.drain import Drain
from worker.journal import Journal
from worker.loop import new_event_loop
from worker.office import Office
from worker.reap import fold_dead
from worker.route import Routes
from worker.throttle.store import store
from worker.ticker import Ticker
from worker.transport.way import transport

_DRAIN_SECONDS = 60.0
_NAME_THREADS = 16
_GRACE_SECONDS = 2.0
_RECORD_SECONDS = 3.0
_LOOK_SECONDS = 0.2


class Child:
    """What lives as long as the process."""

    def __init__(
        self, settings: Settings, celery: Celery, stopping: Callable[[], bool], give_up: Callable[[], None]
    ) -> None:
        self.settings = settings
        self._celery = celery
        self._stopping = stopping
        self._installation, self._journal = patiently(lambda: _unlock(settings), stopping)
        self._throttle = store(self._installation)
        # With the keys of the moment: a route may have been added under one that is newer than this process.
        self._routes = Routes(lambda way: transport(self._installation.renewed(), way))
        self._loop = new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_NAME_THREADS, thread_name_prefix="names"))
        self._busy = threading.Lock()
        self._ticker = Ticker(self._installation, self._journal, self._work_waits, stopping, give_up).start()
        threading.Thread(target=self._leave, name="leave", daemon=True).start()

    def drain(self) -> None:
        """Send what there is, for about a minute; whoever is idle then goes on. One drain at a time."""
        if self._busy.acquire(blocking=False):
            try:
                self._drain()
            finally:
                self._busy.release()

    def _work_waits(self, *, unmoved: bool) -> None:
        """Wake whoever is idle, or set to work ourselves.

        Where nobody came since the last round, the broker or its consumer is away; the ledger needs neither.
        """
        if unmoved and not self._busy.locked():
            threading.Thread(target=self.drain, name="drain", daemon=True).start()
        self.wake()

    def _leave(self) -> None:
        """End this process once it is to stop, if Celery has not done so by then.

        A sibling that was killed may have taken the lock of the pool's queue with it; then the word
        to end never comes in, and the parent would wait for ever.
        """
        while not self._stopping():
            clock.sleep(_LOOK_SECONDS)
        clock.sleep(_GRACE_SECONDS)
        try:
            self.tidy()
        finally:
            os._exit(0)

    def tidy(self) -> None:
        """Leave nothing behind, once nothing is in hand; a journal that is left is folded by whoever finds it.

        A server that does not answer is not waited for longer than a message and its record may take.
        """
        self._ticker.join(_RECORD_SECONDS)
        if self._busy.acquire(timeout=self.settings.smtp_timeout + _RECORD_SECONDS):
            try:
                self._journal.close()
            finally:
                self._busy.release()
        else:
            log.logger().error("worker.cut", why="it was still busy: its journal tells others what was in hand")

    def _drain(self) -> None:
        office = Office(
            installation=self._installation.renewed(),
            throttle=self._throttle,
            routes=self._routes,
            stopping=self._stopping,
            journal=self._journal,
        )
        drain = Drain(office, clock.monotonic() + _DRAIN_SECONDS)
        try:
            # Not only at the ticker's rounds: nobody may claim by a schema that is another program's.
            schema.check(self._installation.database)
            if self._loop.run_until_complete(drain.run()):
                self.wake()
        except (MisconfiguredError, UnavailableError) as error:
            log.logger().error("drain.stopped", why=str(error))
        except Exception:  # noqa: BLE001 — nothing is to be said of a fault but by the log, which hides addresses
            log.logger().exception("drain.broke")
        finally:
            office.close()

    def wake(self) -> None:
        """Pass the word on; a broker that is away costs nothing but time."""
        try:
            queue.wake(self._celery)
        except UnavailableError as error:
            log.logger().warning("broker.unavailable", why=str(error))


def _unlock(settings: Settings) -> tuple[Installation, Journal]:
    """The installation as it should be, and this process's journal in it: nothing is sent before.

    Raises UnavailableError for a database that is away and for a disk that is full.
    """
    house = installation.unlock(settings)
    catch_up(house)
    fold_dead(house)
    return house, Journal(settings.home, house.keys.fingerprint())


_child: Child | None = None


def start(settings: Settings, celery: Celery, stopping: Callable[[], bool], give_up: Callable[[], None]) -> None:
    """Set this child up. A fault that waiting does not mend is logged in one line, and ends the whole worker."""
    global _child  # noqa: PLW0603 — one per process, made by Celery's signal
    try:
        _child = Child(settings, celery, stopping, give_up)
    except MailerError as error:
        log.logger().error("worker.refused", why=str(error))
        # Else Celery would make another child, which would fare no better.
        give_up()
        os._exit(1)
    except Exception:  # noqa: BLE001 — Celery would keep a child that can do nothing
        log.logger().exception("worker.refused")
        give_up()
        os._exit(1)


def end() -> None:
    """What Celery calls when it ends a child."""
    if _child is not None:
        _child.tidy()


def current() -> Child:
    """The child that this process is."""
    assert _child is not None
    return _child
