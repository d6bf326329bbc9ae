"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy keeps in their dialects."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session


def insert(session: Session, model: type[DeclarativeBase]) -> Any:
    """The insert of this session's dialect, for its ``on_conflict_do_update``."""
    table = model.__table__
    assert isinstance(table, Table)
    return (sqlite if _dialect(session) == "sqlite" else postgresql).insert(table)


def once(build: Callable[[Session], Any]) -> Callable[[Session], Any]:
    """Have a statement built once for each dialect: to put one of these together takes longer than to run it."""
    built: dict[str, Any] = {}

    @wraps(build)
    def statement(session: Session) -> Any:
        if (dialect := _dialect(session)) not in built:
            built[dialect] = build(session)
        return built[dialect]

    return statement


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
