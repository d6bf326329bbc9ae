"""Terms: what may go to a scope at most; and those that Twinletter ships with, each explained in docs/throttling.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from mailer.audience.provider import OTHER


@dataclass(frozen=True, slots=True)
class Terms:
    """Messages a second, connections at once, messages in any 24 hours, a warm-up, quiet hours; None where it is free.

    ``held``: nothing goes at all.
    """

    per_second: float | None = None
    connections: int | None = None
    per_day: int | None = None
    warm_up_from: datetime | None = None
    quiet: str | None = None
    held: bool = False

    @property
    def capped(self) -> bool:
        """Whether it matters how much left in the last day."""
        return self.per_day is not None or self.warm_up_from is not None


# No daily caps: none of them says how much it takes in a day, and a guess would stop a list for no reason.
DEFAULTS: Mapping[str, Terms] = MappingProxyType(
    {
        "gmail": Terms(20.0, 10),
        "outlook": Terms(10.0, 10),
        "yahoo": Terms(5.0, 5),
        "icloud": Terms(5.0, 5),
        "qq": Terms(2.0, 2),
        "netease": Terms(2.0, 2),
        "hinet": Terms(2.0, 2),
        OTHER: Terms(20.0, 20),
    }
)
"""By provider: each that there is. An operator's own limit replaces these field by field."""
