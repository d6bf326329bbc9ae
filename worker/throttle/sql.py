"""The throttle in SQL: a row per level; on SQLite in a file of its own, so that pacing never waits for the ledger."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Row, Table, delete, func, or_, select, update
from sqlalchemy.orm import Session

from mailer import clock, log
from mailer.db import Database, connect
from mailer.db.upsert import insert
from mailer.errors import MisconfiguredError, UnavailableError
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.model import ConnectionLease, ThrottleState
from worker.throttle import Cap, Grant, Level, News
from worker.throttle.rule import FARTHEST_US, State, given, granted, told, trusted

_STATE, _LEASE = (cast(Table, model.__table__) for model in (ThrottleState, ConnectionLease))


class SqlThrottle:
    """See ``Throttle``."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._database = _store(installation)

    @contextmanager
    def _unit(self) -> Iterator[Session]:
        """A unit of work; a store that was removed or damaged is made anew, and knows nothing.

        Raises UnavailableError where it was damaged: what was to be done may be tried again.
        """
        alone = self._database.kind == "sqlite"
        if alone and not _file(self._installation).exists():
            self._reopen()
        try:
            with self._database.write() as session:
                yield session
        except UnavailableError:
            # Perhaps its tables are not there: whoever removed it may have died before they were made.
            if alone:
                self._reopen()
            raise
        except MisconfiguredError as error:
            if not alone:
                raise
            _remove(_file(self._installation), error)
            self._reopen()
            raise UnavailableError(N_("What the throttle knew was damaged: it begins anew, gently.")) from None

    def _reopen(self) -> None:
        self._database.dispose()
        self._database = _store(self._installation)

    def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        if not levels:
            return Grant(want, 0.0, 0.0)
        with self._unit() as session:
            now, states = self._read(session, levels)
            grant = granted(states, want, now)
            if grant.granted:
                self._write(session, levels, [given(state, grant.granted) for state in states])
        return grant

    def report(self, levels: Sequence[Level], news: News) -> None:
        if not levels:
            return
        with self._unit() as session:
            now, states = self._read(session, levels)
            learnt = [told(level, state, news, now) for level, state in zip(levels, states, strict=True)]
            self._write(session, levels, learnt)

    def lease(self, caps: Sequence[Cap], tokens: Sequence[str], want: int, ttl: float) -> int:
        if not caps:
            return want
        scopes, ttl_us = [cap.scope for cap in caps], int(ttl * 1e6)
        with self._unit() as session:
            # Leases that are not there cannot be locked: their level's row is, by all who ask for some.
            self._lock(session, scopes)
            now = self._now(session)
            here, until = ConnectionLease.scope.in_(scopes), ConnectionLease.until
            over = or_(until <= now, until > now + max(FARTHEST_US, 2 * ttl_us))
            session.execute(delete(ConnectionLease).where(here, over | ConnectionLease.token.in_(tokens)))
            others: Mapping[str, int] = dict(
                session.execute(
                    select(ConnectionLease.scope, func.count()).where(here).group_by(ConnectionLease.scope)
                ).all()
            )
            held = max(0, min(want, *(cap.most - others.get(cap.scope, 0) for cap in caps)))
            session.add_all(
                ConnectionLease(scope=scope, token=token, until=now + ttl_us)
                for scope in scopes
                for token in tokens[:held]
            )
        return held

    def _read(self, session: Session, levels: Sequence[Level]) -> tuple[int, list[State]]:
        """The store's time, and each level's state by it."""
        known = self._lock(session, [level.scope for level in levels])
        now = self._now(session)
        return now, [trusted(level, known[level.scope], now) for level in levels]

    def _lock(self, session: Session, scopes: Sequence[str]) -> dict[str, State]:
        """The levels' states as they are kept, for us alone until the unit of work ends."""
        known = self._locked(session, scopes)
        # In one order for all, so that two workers never wait for each other in a ring.
        if missing := sorted(set(scopes) - known.keys()):
            # What is not there cannot be locked: all who come first would each be given what there is.
            rows = [{"scope": scope, **asdict(State())} for scope in missing]
            session.execute(insert(session, ThrottleState).on_conflict_do_nothing(), rows)
            known = self._locked(session, scopes)
        return known

    @staticmethod
    def _locked(session: Session, scopes: Sequence[str]) -> dict[str, State]:
        rows = session.execute(
            select(_STATE).where(_STATE.c.scope.in_(scopes)).order_by(_STATE.c.scope).with_for_update()
        )
        return {row.scope: _state(row) for row in rows}

    def _now(self, session: Session) -> int:
        """Microseconds of one clock that all users of this store share."""
        if self._database.kind == "sqlite":
            return clock.monotonic_us()
        # The very moment: the rows' locks may have been waited for.
        return int(session.scalar(select(func.extract("epoch", func.clock_timestamp()) * 1_000_000)) or 0)

    @staticmethod
    def _write(session: Session, levels: Sequence[Level], states: Sequence[State]) -> None:
        rows = [{"scope": level.scope, **asdict(state)} for level, state in zip(levels, states, strict=True)]
        session.execute(update(ThrottleState), rows)


def _state(row: Row[*tuple[Any, ...]]) -> State:
    """A level's state as it is kept. Raises MisconfiguredError for what no worker has written."""
    kept = State(row.given_until, row.rate or 0.0, row.brink or 0.0, row.slowed_at, row.gained)
    if not all(isinstance(value, int | float) for value in astuple(kept)):
        raise MisconfiguredError(N_("What the throttle knew was damaged: it begins anew, gently."))
    return kept


def _file(installation: Installation) -> Path:
    return installation.settings.home / "throttle.db"


def _store(installation: Installation) -> Database:
    if installation.database.kind != "sqlite":
        return installation.database
    path = _file(installation)
    try:
        return _opened(path)
    except MisconfiguredError as error:
        _remove(path, error)
        return _opened(path)


def _remove(path: Path, error: Exception) -> None:
    """Nothing of a damaged store is to be kept: it would only say how fast we were, and providers tell that anew."""
    log.logger().warning("throttle.damaged", why=str(error))
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _opened(path: Path) -> Database:
    path.touch(mode=0o600)
    database = connect(f"sqlite:///{path}", durable=False)
    # Several workers may come at once: the second waits, and finds them made.
    with database.write() as session:
        ThrottleState.metadata.create_all(session.connection(), [_STATE, _LEASE], checkfirst=True)
    return database
