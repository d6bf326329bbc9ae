"""Waiting for what happens in other processes, and doing something meanwhile."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mailer import clock


def until(what: Callable[[], bool], seconds: float) -> None:
    """Wait for something, not for ever: so many seconds, and on a busy machine three times as long."""
    deadline = clock.monotonic() + 3 * seconds
    while not what():
        assert clock.monotonic() < deadline, f"it did not happen within {3 * seconds} s"
        clock.sleep(0.05)


@contextmanager
def meanwhile(what: Callable[[], object], every: float) -> Iterator[None]:
    """Do something again and again for as long as the block lasts."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every):
            what()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
