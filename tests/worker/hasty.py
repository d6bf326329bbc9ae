"""An event loop that nobody waits for: where there is nothing to do its clock goes to the next moment that matters."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from mailer.clock import monotonic

Result = TypeVar("Result")
_IDLE_SECONDS = 0.005
"""After so long nothing is on its way any more: both ends of what is told here are on the same loop."""
_STEP_SECONDS = 0.001
"""As much as one step takes by the loop's clock, at most: a machine that stands still makes nobody late."""


class _Selector(selectors.DefaultSelector):
    """Python's own, with a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._seen = monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(timeout if timeout is None else min(timeout, _IDLE_SECONDS))
        seen, self._seen = self._seen, monotonic()
        step = min(self._seen - seen, _STEP_SECONDS)
        self.now += step if found or timeout is None else max(step, timeout)
        return found


class HastyLoop(asyncio.SelectorEventLoop):
    """For tests in which somebody is silent for as long as it takes; not for what threads do meanwhile."""

    def __init__(self) -> None:
        self._pace = _Selector()
        super().__init__(self._pace)

    def time(self) -> float:
        return self._pace.now


def hurry(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it on such a loop."""
    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        return runner.run(work)
