"""The schema's version: made by migrations, checked at every start."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from mailer.db.engine import Database
from mailer.errors import MisconfiguredError
from mailer.i18n import N_


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(database: Database) -> None:
    """Bring the schema to the newest version, in one transaction where the database can."""
    config = _config()
    if (file := database.engine.url.database) and database.kind == "sqlite":
        Path(file).touch(mode=0o600)
    with database.engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(database: Database) -> None:
    """Refuse to work on a schema that this program does not know."""
    with database.read() as session:
        found = MigrationContext.configure(session.connection()).get_current_revision()
    known = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise MisconfiguredError(N_("This database is empty or not ours: check MAILER_HOME and MAILER_DATABASE_URL."))
    if found != known:
        raise MisconfiguredError(
            N_("The database has schema %(found)s and this program knows %(known)s: use the program that fits it."),
            found=found,
            known=known,
        )
