"""Throttling: the limits that operators set, how far each level's time is given away, and what has departed."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base


class Limit(Base):
    """What an operator decided for ``all``, ``route:NAME`` or ``provider:NAME``; a shipped default holds for the rest.

    ``per_second``: messages. ``connections``: at once, over all workers. ``per_day``: messages in any 24 hours.
    ``warm_up_from``: the first day of a ramp. ``quiet``: ``22:00-07:00``, by the newsletter's clock, or "" for
    no quiet hours. ``held``: nothing goes until it is released.
    """

    __tablename__ = "limit"

    scope: Mapped[str] = mapped_column(primary_key=True)
    per_second: Mapped[float | None]
    connections: Mapped[int | None]
    per_day: Mapped[int | None]
    warm_up_from: Mapped[datetime | None]
    quiet: Mapped[str | None]
    held: Mapped[bool] = mapped_column(default=False)


class Departure(Base):
    """How many messages left in an hour by a route for a provider: what caps and ramps are counted from."""

    __tablename__ = "departure"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


class ThrottleState(Base):
    """A level's time and pace; times are microseconds of the store's clock.

    ``given_until``: up to when its time is given away. ``rate``: messages per second that it has worked itself
    up to, where it adapts; ``brink``: the rate at which it was last told to slow down; ``slowed_at``: when;
    ``gained``: messages taken since the last step up. On SQLite this table and the next are used in a file of
    their own, so that pacing never waits for the ledger.
    """

    __tablename__ = "throttle_state"

    scope: Mapped[str] = mapped_column(primary_key=True)
    given_until: Mapped[int] = mapped_column(default=0)
    rate: Mapped[float | None]
    brink: Mapped[float | None]
    slowed_at: Mapped[int] = mapped_column(default=0)
    gained: Mapped[int] = mapped_column(default=0)


class ConnectionLease(Base):
    """A connection that a worker may hold open, until a moment of the store's clock (microseconds)."""

    __tablename__ = "connection_lease"

    scope: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[int]
