"""The schema's version: made by migrations, checked at every start."""

import os
from functools import lru_cache
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from mailer.db.engine import Database
from mailer.errors import MisconfiguredError
from mailer.i18n import N_

_MIGRATIONS = Path(__file__).parent / "migrations"
_FOLDERS = (_MIGRATIONS / "versions",)
"""Where the migrations lie; the name of each begins with the version that it leads to."""


def upgrade(database: Database) -> None:
    """Bring the schema to the newest version, in one transaction where the database can."""
    with database.write() as session:
        migrate(session)


def migrate(session: Session) -> None:
    """The same as part of a unit of work."""
    # Here alone: it takes ten megabytes, which each worker's child would have for looking at a version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(str, _FOLDERS)))
    config.attributes["connection"] = session.connection()
    command.upgrade(config, "head")


@lru_cache(maxsize=1)
def _revisions() -> tuple[str, ...]:
    """Every schema that there has been, the newest first."""
    names = (path.name for folder in _FOLDERS for path in folder.glob("[0-9]*.py"))
    return tuple(sorted((name.partition("_")[0] for name in names), reverse=True))


def newest() -> str:
    """The schema that this program works with."""
    return _revisions()[0]


def found(database: Database) -> str:
    """The schema that a database has. Raises MisconfiguredError where it has none, or one of a newer program."""
    with database.read() as session:
        known = inspect(session.connection()).has_table("alembic_version")
        revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version")) if known else None
    if revision is None:
        raise MisconfiguredError(N_("This database is empty or not ours: check MAILER_HOME and MAILER_DATABASE_URL."))
    if revision not in _revisions():
        raise MisconfiguredError(
            N_("The database has schema %(found)s and this program knows %(known)s: use the program that fits it."),
            found=revision,
            known=newest(),
        )
    return revision


def check(database: Database) -> None:
    """Refuse to work on a schema that is not this program's own."""
    if (revision := found(database)) != newest():
        raise MisconfiguredError(
            N_("The database has the older schema %(found)s: bring it to %(known)s with mailer upgrade."),
            found=revision,
            known=newest(),
        )
