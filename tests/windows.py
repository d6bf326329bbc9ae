"""Windows of time: how much fell into the fullest of them."""

from bisect import bisect_left
from collections.abc import Sequence


def fullest(times: Sequence[float], window: float = 1.0) -> int:
    """The most moments in any window of so many seconds."""
    times = sorted(times)
    return max(bisect_left(times, start + window) - number for number, start in enumerate(times))
