"""When a deferred delivery is tried again."""

import random

_STEPS = (60.0, 300.0, 900.0, 1800.0, 3600.0)
_JITTER = 0.2

MOST_TRIES = 50
"""After about two days of tries a delivery is given up (RFC 5321 §4.5.4.1 asks for a few days)."""


def delay(attempts: int) -> float:
    """Seconds until the next try after ``attempts`` tries: longer each time, and never all at once."""
    step = _STEPS[min(attempts, len(_STEPS)) - 1]
    return step * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 — spreads load, guards nothing
