"""When a deferred delivery is tried again."""

import random

from mailer.reply import LATER, Class

_JITTER = 0.2


def delay(tries: int, kind: Class | None = None) -> float:
    """Seconds until the next try after ``tries`` tries, as the class of the last reply asks, and never all at once."""
    waits = (kind or LATER).waits
    step = waits[min(tries, len(waits)) - 1]
    return step * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 — spreads load, guards nothing
