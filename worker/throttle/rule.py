"""The rule of the throttle, without a store: what a level grants by its state, and how it learns its pace.

Granting is GCRA (ITU-T I.371): a level remembers up to when its time is given away, and a message takes 1/rate
of it. Learning is AIMD, counted in messages, so that it works at any pace: slower by half and a *hold* when the
servers ask for less, faster by a little after each few seconds' worth of messages that they took. ``redis`` says
the same in Lua; a test compares them call by call.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from worker.throttle import Grant, Level, News

AHEAD_US = 1_000_000
"""A grant reaches so far into the future: about what one batch may cover."""
LATENESS = 20
"""A twentieth of a second's worth may be asked for before its time, so that nothing is lost between two grants."""

START = 1 / 4
"""Of its ceiling, where an adaptive level begins that knows nothing, or not any more."""
FLOOR = 1 / 50
"""Of its ceiling: no slower, so that it finds out when it may go faster."""
SLOWER = 1 / 2
FASTER, GENTLY = 1.15, 1.02
"""By how much a step speeds up: far below the brink, and from near below it on."""
NEAR = 0.85
"""Of the brink: up to here it was well, so up to here it goes quickly."""
STEP_SECONDS, STEP_LEAST = 4, 3
"""A step takes what so many seconds bring, and at least so many messages."""

HOLD_US = 10_000_000
"""For so long nothing goes after a slow-down; twice as long after each that follows with nothing taken between."""
MOST_SLOW_DOWNS = 6
"""More make it no longer than 320 s."""
FARTHEST_US = 2 * HOLD_US * 2 ** (MOST_SLOW_DOWNS - 1)
"""640 s: twice the longest hold. A level given away for longer, and for longer than two messages take, was written by
a clock that was wrong, since nothing else has it wait as long."""


@dataclass(frozen=True, slots=True)
class State:
    """A level's time and pace, as ``ThrottleState`` keeps it; microseconds of the store's clock.

    ``rate`` and ``brink``: 0 for none yet. ``gained``: messages taken since the last step; below zero, how many
    slow-downs there were with nothing taken between.
    """

    given_until: int = 0
    rate: float = 0.0
    brink: float = 0.0
    slowed_at: int = 0
    gained: int = 0

    @property
    def interval_us(self) -> int:
        """Microseconds of the level's time that one message takes."""
        return math.floor(1_000_000 / self.rate + 0.5)

    @property
    def held_until(self) -> int:
        """Up to when nothing goes after a slow-down. What the servers say until then is about what left before it."""
        slow_downs = min(max(1, -self.gained), MOST_SLOW_DOWNS)
        return self.slowed_at + HOLD_US * 2 ** (slow_downs - 1) if self.slowed_at else 0


def trusted(level: Level, state: State, now: int) -> State:
    """A state without what cannot be: times of a clock that was wrong, numbers that are none, rates out of bounds.

    A ceiling that was lowered holds at once; under one that was raised the rate grows on from where it is.
    """
    rate = level.per_second
    if level.adaptive:
        rate = min(max(_sound(state.rate) or rate * START, rate * FLOOR), rate)
    state = replace(
        state,
        given_until=max(state.given_until, now),
        rate=rate,
        brink=_sound(state.brink),
        slowed_at=state.slowed_at if state.slowed_at <= now else 0,
    )
    wrong = state.given_until - now > max(FARTHEST_US, 2 * state.interval_us)
    return replace(state, given_until=now) if wrong else state


def _sound(rate: float) -> float:
    return rate if math.isfinite(rate) and rate > 0 else 0.0


def granted(states: Sequence[State], want: int, now: int) -> Grant:
    """What all levels have room for: nothing before a place is due at each, then places up to a second ahead."""
    room, wait = want, 0
    for state in states:
        interval = state.interval_us
        lateness = max(1, int(state.rate / LATENESS)) * interval
        until_due = state.given_until - now - lateness + interval
        if until_due > 0:
            room, wait = 0, max(wait, until_due)
        else:
            room = min(room, (now + max(AHEAD_US, lateness) - state.given_until) // interval)
    return Grant(max(0, room), wait / 1e6, max(state.interval_us for state in states) / 1e6)


def given(state: State, n: int) -> State:
    """A level after ``n`` messages were granted."""
    return replace(state, given_until=state.given_until + n * state.interval_us)


def told(level: Level, state: State, news: News, now: int) -> State:
    """A level after what became of a grant was reported. A hold is shortened by nothing."""
    held = now < state.held_until
    back = max(now, state.held_until, state.given_until - news.unused * state.interval_us)
    state = replace(state, given_until=min(state.given_until, back))
    if level.adaptive and news.taken and not held:
        state = _faster(level, state, news.taken)
    if level.adaptive and news.slowed and not held:
        state = _slower(level, state, now)
    return state


def _faster(level: Level, state: State, taken: int) -> State:
    gained = max(0, state.gained) + taken
    if gained < max(STEP_LEAST, STEP_SECONDS * state.rate):
        return replace(state, gained=gained)
    step = GENTLY if 0 < NEAR * state.brink <= state.rate else FASTER
    return replace(state, rate=min(state.rate * step, level.per_second), gained=0)


def _slower(level: Level, state: State, now: int) -> State:
    slower = replace(
        state,
        rate=max(state.rate * SLOWER, level.per_second * FLOOR),
        # While nothing is taken it is still the same brink that we are falling from.
        brink=state.rate if state.gained >= 0 else state.brink,
        slowed_at=now,
        gained=min(state.gained, 0) - 1,
    )
    return replace(slower, given_until=max(state.given_until, slower.held_until))
