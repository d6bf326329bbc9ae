"""One installation: its settings, database and keys, checked against each other before anything is done."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from mailer import vault
from mailer.config import Settings
from mailer.db import Database, connect, schema
from mailer.errors import MisconfiguredError
from mailer.i18n import N_
from mailer.model import Installation as InstallationRow


@dataclass(frozen=True, slots=True)
class Installation:
    """What every command, page and worker stands on."""

    settings: Settings
    database: Database
    keys: vault.Vault


def create(settings: Settings) -> Installation:
    """A new installation: home, key file, database. Raises MisconfiguredError where one cannot be made."""
    prepare_home(settings.home)
    keys = vault.create(settings.key_file, settings.home)
    database = connect(settings.database)
    schema.upgrade(database)
    with database.write() as session:
        session.add(InstallationRow(id=1, fingerprint=keys.fingerprint()))
    return Installation(settings, database, keys)


def unlock(settings: Settings) -> Installation:
    """The installation that the settings name.

    Raises MisconfiguredError for a home or key file that cannot be used, a schema that this
    program does not know, or keys of another database; UnavailableError without a database.
    """
    prepare_home(settings.home)
    keys = vault.unlock(settings.key_file, settings.home)
    database = connect(settings.database)
    schema.check(database)
    with database.read() as session:
        fingerprint = session.scalar(select(InstallationRow.fingerprint))
    if fingerprint != keys.fingerprint():
        raise MisconfiguredError(
            N_("The key file %(path)s belongs to another database: say where the right one lies with MAILER_KEY_FILE."),
            path=settings.key_file,
        )
    return Installation(settings, database, keys)


def prepare_home(home: Path) -> None:
    """Make the data home, readable by its owner alone, or say why it cannot be."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if home.is_dir() and stat.S_IMODE(home.stat().st_mode) & 0o077:
            home.chmod(0o700)
        if not home.is_dir() or not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(13, "it is not a folder that we may write to")
    except OSError as error:
        raise MisconfiguredError(
            N_("The data home %(home)s cannot be used: %(why)s. Choose another with MAILER_HOME or --home."),
            home=home,
            why=error.strerror,
        ) from None
