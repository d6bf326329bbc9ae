"""Engine and unit of work: the only place that begins and commits a transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
    StatementError,
    TimeoutError,  # noqa: A004 — SQLAlchemy's word for a pool with nothing left to lend
)
from sqlalchemy.orm import Session

from mailer.errors import MisconfiguredError, UnavailableError
from mailer.i18n import N_

# An end that is cut off is noticed within half a minute, not when TCP gives up. Seconds; the last in milliseconds.
_LIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
# The databases that we know. SQLite's writers queue for as long as a batch may take.
_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {"connect_args": {"timeout": 30.0}},
    "postgresql": {
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": 10, **_LIVE},
    },
}


class Database:
    """One database, and the units of work done with it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(writing=True)

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A unit of work that changes nothing."""
        with _translated(self.kind), Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A unit of work: committed when the block ends, undone when it raises."""
        with self._unit(self._writing) as session:
            yield session

    @contextmanager
    def rebuild(self) -> Iterator[Session]:
        """The same, in which tables may be made anew: SQLite looks at their references when it ends, not meanwhile."""
        try:
            with self._unit(self._writing.execution_options(rebuilding=True)) as session:
                yield session
                if self.kind == "sqlite" and session.connection().exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise MisconfiguredError(
                        N_("The database has rows that refer to nothing: restore it from its backup.")
                    )
        finally:
            # Connections to come look at references again.
            self.dispose()

    @contextmanager
    def _unit(self, engine: Engine) -> Iterator[Session]:
        with _translated(self.kind), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
            for work in session.info.get("at_end", ()):
                work(session)

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def at_end(session: Session, work: Callable[[Session], None]) -> None:
    """Have ``work`` done just before a unit of work commits."""
    session.info.setdefault("at_end", []).append(work)


def connect(url: str, *, durable: bool = True) -> Database:
    """The database at an SQLAlchemy URL. Nothing is opened yet. Not ``durable``: may lose its last moments.

    Raises MisconfiguredError for a URL that names no database that we know.
    """
    try:
        parsed = make_url(url)
        engine = create_engine(parsed, **_OPTIONS[parsed.get_backend_name()])
    except ImportError:
        raise MisconfiguredError(
            N_("The driver of this database is not installed: pip install 'twinletter[postgresql]' brings it.")
        ) from None
    except (ArgumentError, KeyError, NoSuchModuleError, ValueError):
        raise MisconfiguredError(
            N_("MAILER_DATABASE_URL names no database that we know: give sqlite:///FILE or postgresql+psycopg://….")
        ) from None
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine, parsed.database, "FULL" if durable else "OFF")
    else:
        _set_up_postgresql(engine)
    return Database(engine)


def _set_up_postgresql(engine: Engine) -> None:
    """Wait for a lock no longer than SQLite's writers do, and keep none for a program or a host that is gone."""
    limits = {
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "60s",
        # The server looks after its end as we do after ours: a host that is cut off between two of many rows that it
        # sends at once is not idle to it, and would hold its locks until TCP gives up, hours later.
        **{f"tcp_{name.removeprefix('tcp_')}": value for name, value in _LIVE.items()},
    }

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in limits.items()))
        connection.commit()


def _set_up_sqlite(engine: Engine, file: str | None, synchronous: str) -> None:
    """WAL, real foreign keys, commits that survive a power cut where they should, and our own BEGIN.

    Python's driver begins transactions late and shared, so two writers that both read first
    fail at once instead of waiting; BEGIN IMMEDIATE queues them.
    """

    def _demand_file() -> None:
        # A file that was removed or never made would silently be replaced by an empty one.
        if file and file != ":memory:" and not Path(file).exists():
            raise OperationalError("connect", {}, FileNotFoundError("its file is not there"))

    @event.listens_for(engine, "do_connect")
    def _connecting(*_: Any) -> None:
        _demand_file()

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        _demand_file()
        if connection.info["file"] != _identity(file):
            connection.invalidate()
            raise OperationalError("begin", {}, FileNotFoundError("its file was replaced by another"))
        options = connection.get_execution_options()
        if options.get("rebuilding"):
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")


def _identity(file: str | None) -> tuple[int, int] | None:
    """Which file it is that a name stands for now."""
    if not file or file == ":memory:":
        return None
    found = Path(file).stat()
    return found.st_dev, found.st_ino


@contextmanager
def _translated(kind: str) -> Iterator[None]:
    """A driver's complaint as one of ours, without its parameters: they may hold a secret."""
    try:
        yield
    except OperationalError as error:
        raise UnavailableError(
            N_("The %(kind)s database does not answer: %(why)s."), kind=kind, why=_first_line(error)
        ) from None
    except TimeoutError as error:
        raise UnavailableError(
            N_("The %(kind)s database does not answer: %(why)s."), kind=kind, why=str(error)
        ) from None
    except InternalError as error:
        # PostgreSQL's word for what it cannot do just now, such as writing while it changes places with another.
        raise UnavailableError(
            N_("The %(kind)s database does not answer: %(why)s."), kind=kind, why=_first_line(error)
        ) from None
    except DBAPIError as error:
        if type(error) is DatabaseError:
            # SQLite's word for a file that is damaged, or no database at all.
            raise MisconfiguredError(
                N_("The %(kind)s database is damaged, or none: %(why)s. Restore it from its backup."),
                kind=kind,
                why=_first_line(error),
            ) from None
        if error.connection_invalidated:
            raise UnavailableError(
                N_("The connection to the %(kind)s database was lost: %(why)s."),
                kind=kind,
                why=_first_line(error),
            ) from None
        if isinstance(error, ProgrammingError) and error.statement is None:
            # Nothing was asked yet: it is the URL that the driver makes nothing of.
            raise MisconfiguredError(
                N_("MAILER_DATABASE_URL cannot be used: %(why)s."), why=_first_line(error)
            ) from None
        error.hide_parameters = True
        raise
    except StatementError as error:
        # A value that a column's type does not take: the driver never saw it.
        error.hide_parameters = True
        raise


def _first_line(error: DBAPIError) -> str:
    """The driver's own words, without the details that it puts below."""
    return (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
