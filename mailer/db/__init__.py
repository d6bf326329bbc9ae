"""The database: engine, unit of work, column types, migrations."""

from mailer.db.engine import Database, connect

__all__ = ["Database", "connect"]
