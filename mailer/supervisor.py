"""Everything of one machine under one process: a broker, and workers that are started again when they end unasked."""

import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TextIO

from mailer import broker, clock, lock, log, queue, workers
from mailer.config import Settings
from mailer.errors import MailerError, RefusedError
from mailer.i18n import N_
from mailer.installation import prepare_home

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_LOOK_SECONDS = 0.2

Start = Callable[[], "subprocess.Popen[bytes]"]


def alone(settings: Settings) -> TextIO:
    """Keep others from supervising the same data home until the file is closed. Raises RefusedError where one does."""
    prepare_home(settings.home)
    held = lock.take(settings.home / "up.lock")
    if held is None:
        raise RefusedError(
            N_("Another mailer up is at work in %(home)s: stop it first, or choose another MAILER_HOME."),
            home=settings.home,
        )
    return held


@contextmanager
def running(settings: Settings, count: int, concurrency: int) -> Iterator[str]:
    """A broker where none is configured, and ``count`` workers, for as long as the block lasts; what the broker is.

    At the end the workers finish what they have in flight and hand the rest back. Raises
    MisconfiguredError for a broker that nobody knows, UnavailableError where a private one does
    not start; a configured one that is away is waited for.
    """
    chosen = broker.choose(settings)
    with ExitStack() as stack:
        if chosen.program:
            stack.enter_context(_kept({"broker": lambda: broker.start(chosen)}, 0.0))
        queue.look(chosen.settings)
        names = [f"up{number}" for number in range(1, count + 1)]
        starts = {name: _starter(chosen.settings, name, concurrency) for name in names}
        stack.enter_context(_kept(starts, settings.smtp_timeout))
        yield chosen.said


def _starter(settings: Settings, name: str, concurrency: int) -> Start:
    return lambda: workers.start(settings, name, concurrency)


class Child:
    """A process, and when it is started again: soon, and ever later while it keeps dying young."""

    def __init__(self, name: str, start: Start) -> None:
        self._name = name
        self._start = start
        self._pause = _FIRST_PAUSE
        self._due: float | None = None
        self._began = clock.monotonic()
        self.process = start()

    def look(self) -> None:
        """One look, and what has to be done."""
        now = clock.monotonic()
        if self._due is None and self.process.poll() is not None:
            if now - self._began > _LONGEST_PAUSE:
                self._pause = _FIRST_PAUSE
            self._rest(now, "child.ended", code=self.process.returncode)
        elif self._due is not None and now >= self._due:
            try:
                self.process = self._start()
                self._began, self._due = clock.monotonic(), None
                log.logger().info("child.started", child=self._name)
            except (MailerError, OSError) as error:
                self._rest(now, "child.unstarted", why=str(error))

    def _rest(self, now: float, happening: str, **details: object) -> None:
        self._due = now + self._pause
        log.logger().warning(happening, child=self._name, **details, retry_in=self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)


@contextmanager
def _kept(starts: Mapping[str, Start], in_flight: float) -> Iterator[None]:
    """Children by name, kept running by a thread for as long as the block lasts."""
    children: list[Child] = []
    over = threading.Event()
    # The system ends a tied child with the thread that started it, so this one also waits for them.
    keeper = threading.Thread(target=_keep, args=(children, over, in_flight), name="keeper")
    keeper.start()
    try:
        for name, start in starts.items():
            children.append(Child(name, start))
        yield
    finally:
        over.set()
        keeper.join()


def _keep(children: Sequence[Child], over: threading.Event, in_flight: float) -> None:
    while not over.wait(_LOOK_SECONDS):
        for child in list(children):
            child.look()
    workers.stop([child.process for child in children], in_flight)
