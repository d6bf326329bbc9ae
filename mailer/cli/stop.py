"""Being told to stop: Ctrl-C, SIGTERM and a closed terminal mean the same, once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stoppable() -> Iterator[None]:
    """For as long as the block lasts, the first of them raises KeyboardInterrupt in it."""
    told = False

    def stop(*_: object) -> None:
        # Once is enough: a second one may not break off the clearing up.
        nonlocal told
        if not told:
            told = True
            raise KeyboardInterrupt

    before = [signal.signal(number, stop) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def until_stopped() -> Iterator[None]:
    """A block that runs until it is told to stop, and has done well if it was."""
    with suppress(KeyboardInterrupt), stoppable():
        yield
