"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy keeps in their dialects."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session


def insert(session: Session, model: type[DeclarativeBase]) -> Any:
    """The insert of this session's dialect, for its ``on_conflict_do_update``."""
    table = model.__table__
    assert isinstance(table, Table)
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
