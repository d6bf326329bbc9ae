"""The schema's version: made by migrations, checked at every start."""

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from mailer.db.engine import Database
from mailer.errors import MisconfiguredError
from mailer.i18n import N_


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(database: Database) -> None:
    """Bring the schema to the newest version, in one transaction where the database can."""
    with database.write() as session:
        migrate(session)


def migrate(session: Session) -> None:
    """The same as part of a unit of work."""
    config = _config()
    config.attributes["connection"] = session.connection()
    command.upgrade(config, "head")


@lru_cache(maxsize=1)
def _revisions() -> tuple[str, ...]:
    """Every schema that there has been, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def newest() -> str:
    """The schema that this program works with."""
    return _revisions()[0]


def found(database: Database) -> str:
    """The schema that a database has. Raises MisconfiguredError where it has none, or one of a newer program."""
    with database.read() as session:
        revision = MigrationContext.configure(session.connection()).get_current_revision()
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
