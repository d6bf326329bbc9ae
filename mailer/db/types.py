"""Column types and SQL expressions that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Dialect, Float, Integer, cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator

# SQLite counts rows only by INTEGER; PostgreSQL needs the long one.
Id = BigInteger().with_variant(Integer, "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware moment in UTC: timestamptz, or on SQLite a text that sorts as it should."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        return value.astimezone(UTC) if dialect.name != "sqlite" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Now(FunctionElement[datetime]):
    """The database's own clock, ``seconds`` from now: leases are judged by one clock only."""

    type = Instant()
    inherit_cache = True
    name = "now_in"


def now_in(seconds: float | ColumnElement[float] = 0.0) -> Now:
    """The moment ``seconds`` from now by the database's clock; negative for the past, NULL for NULL."""
    return Now(cast(seconds, Float))


@compiles(Now, "sqlite")
def _sqlite_now(element: Now, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(next(iter(element.clauses)), **kw)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', ({seconds}) || ' seconds') || '000')"


@compiles(Now, "postgresql")
def _postgresql_now(element: Now, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(next(iter(element.clauses)), **kw)
    # One moment for the whole statement: one that may change within it is looked for in no index.
    return f"(statement_timestamp() + make_interval(secs => {seconds}))"


class Hour(FunctionElement[datetime]):
    """The hour that runs by the database's own clock, from its first moment."""

    type = Instant()
    inherit_cache = True
    name = "this_hour"


@compiles(Hour, "sqlite")
def _sqlite_hour(_: Hour, __: SQLCompiler, **___: Any) -> str:
    return "strftime('%Y-%m-%d %H:00:00.000000', 'now')"


@compiles(Hour, "postgresql")
def _postgresql_hour(_: Hour, __: SQLCompiler, **___: Any) -> str:
    # Some zones are half an hour off: the hours are those of UTC.
    return "date_trunc('hour', statement_timestamp(), 'UTC')"
