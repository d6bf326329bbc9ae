"""Throttling: the limits that operators set, and how far each level's time has been given away."""

from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base


class RateLimit(Base):
    """A limit of sending: ``all``, or ``provider:NAME``; messages per second."""

    __tablename__ = "rate_limit"

    scope: Mapped[str] = mapped_column(primary_key=True)
    per_second: Mapped[float]


class ThrottleLevel(Base):
    """Up to when a level's sending time is given away, in microseconds of the store's clock.

    On SQLite this table is used in a file of its own, so that pacing never waits for the ledger.
    """

    __tablename__ = "throttle_level"

    scope: Mapped[str] = mapped_column(primary_key=True)
    given_until: Mapped[int]
