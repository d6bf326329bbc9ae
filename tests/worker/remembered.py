"""The throttle's rule and nothing else: kept in a dictionary, at whatever time a test says it is."""

from collections.abc import Sequence

from worker.throttle import Grant, Level, News
from worker.throttle.rule import State, given, granted, told, trusted


class Remembered:
    """A store without locks, leases and clock; ``now`` in microseconds."""

    def __init__(self, now: int = 1_000_000_000) -> None:
        self.now = now
        self.states: dict[str, State] = {}

    def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        states = self._read(levels)
        grant = granted(states, want, self.now)
        if grant.granted:
            self._write(levels, [given(state, grant.granted) for state in states])
        return grant

    def report(self, levels: Sequence[Level], news: News) -> None:
        states = zip(levels, self._read(levels), strict=True)
        self._write(levels, [told(level, state, news, self.now) for level, state in states])

    def _read(self, levels: Sequence[Level]) -> list[State]:
        return [trusted(level, self.states.get(level.scope, State()), self.now) for level in levels]

    def _write(self, levels: Sequence[Level], states: Sequence[State]) -> None:
        self.states |= {level.scope: state for level, state in zip(levels, states, strict=True)}
