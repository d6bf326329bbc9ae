"""The throttle in SQL: a row per level; on SQLite in a file of its own, so that pacing never waits for the ledger."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.db import Database, connect
from mailer.db.upsert import insert
from mailer.installation import Installation
from mailer.model import ThrottleState
from worker.throttle import FARTHEST_US, Grant, Level


class SqlThrottle:
    """See ``Throttle``."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._database = _store(installation)

    def _unit(self) -> AbstractContextManager[Session]:
        """A unit of work; a store that was removed is made anew, and starts empty."""
        if self._database.kind == "sqlite" and not _file(self._installation).exists():
            self._database.dispose()
            self._database = _store(self._installation)
        return self._database.write()

    def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        if not levels:
            return Grant(want, 0.0, 0.0)
        with self._unit() as session:
            now, given = self._read(session, levels)
            granted, wait = want, 0
            for level in levels:
                ahead = given[level.scope] - now - level.burst * level.interval_us
                room = -ahead // level.interval_us
                granted = max(0, min(granted, room))
                if room < 1:
                    wait = max(wait, ahead + level.interval_us)
            if granted:
                self._write(session, {x.scope: given[x.scope] + granted * x.interval_us for x in levels})
        return Grant(granted, wait / 1e6, max(level.interval_us for level in levels) / 1e6)

    def refund(self, levels: Sequence[Level], unused: int) -> None:
        if not levels or not unused:
            return
        with self._unit() as session:
            now, given = self._read(session, levels)
            self._write(session, {x.scope: max(now, given[x.scope] - unused * x.interval_us) for x in levels})

    def _read(self, session: Session, levels: Sequence[Level]) -> tuple[int, dict[str, int]]:
        """The store's time, and up to when each level is given away, never before now."""
        # Locked in one order, so that two workers never wait for each other in a ring.
        scopes = sorted(level.scope for level in levels)
        known = self._lock(session, scopes)
        if missing := [scope for scope in scopes if scope not in known]:
            # What is not there cannot be locked: all who come first would each be given a whole burst.
            rows = [{"scope": scope, "given_until": 0} for scope in missing]
            session.execute(insert(session, ThrottleState).on_conflict_do_nothing(), rows)
            known = self._lock(session, scopes)
        now = self._now(session)
        farthest = {level.scope: now + max(FARTHEST_US, 2 * level.interval_us) for level in levels}
        return now, {scope: max(now, until) if until <= farthest[scope] else now for scope, until in known.items()}

    @staticmethod
    def _lock(session: Session, scopes: Sequence[str]) -> dict[str, int]:
        rows = session.execute(
            select(ThrottleState.scope, ThrottleState.given_until)
            .where(ThrottleState.scope.in_(scopes))
            .order_by(ThrottleState.scope)
            .with_for_update()
        )
        return dict(rows.all())

    def _now(self, session: Session) -> int:
        """Microseconds of one clock that all users of this store share."""
        if self._database.kind == "sqlite":
            return clock.monotonic_us()
        # The very moment: the rows' locks may have been waited for.
        return int(session.scalar(select(func.extract("epoch", func.clock_timestamp()) * 1_000_000)) or 0)

    @staticmethod
    def _write(session: Session, given: dict[str, int]) -> None:
        statement = insert(session, ThrottleState)
        rows: list[dict[str, Any]] = [{"scope": scope, "given_until": until} for scope, until in sorted(given.items())]
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["scope"], set_={"given_until": statement.excluded.given_until}
            ),
            rows,
        )


def _file(installation: Installation) -> Path:
    return installation.settings.home / "throttle.db"


def _store(installation: Installation) -> Database:
    if installation.database.kind != "sqlite":
        return installation.database
    path = _file(installation)
    path.touch(mode=0o600)
    database = connect(f"sqlite:///{path}", durable=False)
    table = ThrottleState.__table__
    assert isinstance(table, Table)
    # Several workers may come at once: the second waits, and finds it made.
    with database.write() as session:
        table.create(session.connection(), checkfirst=True)
    return database
