"""Patience: what starts with the machine waits for a server that starts later, and says so."""

from collections.abc import Callable
from typing import TypeVar

from mailer import clock, log
from mailer.errors import UnavailableError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
Result = TypeVar("Result")


def patiently(work: Callable[[], Result], stopping: Callable[[], bool] = lambda: False) -> Result:
    """What ``work`` gives. As long as it raises UnavailableError it is done again, after longer and longer pauses.

    Who is to stop meanwhile raises it, too.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            return work()
        except UnavailableError as error:
            if stopping():
                raise
            log.logger().warning("start.waits", why=str(error), retry_in=pause)
            until = clock.monotonic() + pause
            while clock.monotonic() < until and not stopping():
                clock.sleep(min(pause, _FIRST_PAUSE))
            pause = min(pause * 2, _LONGEST_PAUSE)
