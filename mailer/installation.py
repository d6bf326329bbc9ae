"""One installation: its settings, database and keys, checked against each other before anything is done."""

import os
import stat
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import inspect, select

from mailer import clock, log, vault
from mailer.config import Settings
from mailer.db import Database, connect, schema
from mailer.errors import MisconfiguredError, RefusedError
from mailer.i18n import N_
from mailer.model import AuditEntry, Staff
from mailer.model import Installation as InstallationRow
from mailer.vault.rotation import made


@dataclass(frozen=True, slots=True)
class Installation:
    """What every command, page and worker stands on."""

    settings: Settings
    database: Database
    keys: vault.Vault

    def demand_pages(self) -> None:
        """Raise MisconfiguredError where nobody has said where readers reach us."""
        if not self.settings.has_pages:
            raise MisconfiguredError(N_("Nobody has set MAILER_PUBLIC_URL, and without it no reader can unsubscribe"))

    def signing(self, domain: str) -> tuple[vault.DkimKey, ...]:
        """The keys that sign mails from ``domain``; none where MAILER_SIGN has them leave as they are.

        Raises MisconfiguredError where they are to be signed and nothing can: none is ever sent unsigned instead.
        """
        if self.settings.sign == "off" or (self.settings.sign == "auto" and not self.keys.dkim):
            return ()
        keys = self.keys.signing(domain)
        if not keys:
            raise MisconfiguredError(
                N_(
                    "No key signs mails from %(domain)s: make one with mailer keys dkim new %(domain)s and use it,"
                    " or say with MAILER_SIGN=off that the relay signs."
                ),
                domain=domain,
            )
        for key in keys:
            if not key.sound():
                raise MisconfiguredError(
                    N_("The key %(name)s is damaged: restore the key file from its backup, or use another key."),
                    name=key.record_name,
                )
        return keys

    def renewed(self) -> "Installation":
        """The same with the key file as it is now: commands change who signs while workers are at work.

        Where it cannot be used any more that is said in the log, and the keys in hand are good.
        """
        try:
            keys = vault.unlock(self.settings.key_file, self.settings.home)
            if keys.fingerprint() != self.keys.fingerprint():
                raise _foreign(self.settings)
        except MisconfiguredError as error:
            log.logger().warning("keys.unread", why=str(error))
            return self
        return replace(self, keys=keys)


def create(
    settings: Settings,
    *,
    domain: str | None = None,
    algorithm: vault.Algorithm = vault.Algorithm.RSA,
    staff: str | None = None,
) -> Installation:
    """A new installation: home, key file, database; a key that signs mails from ``domain``, a first staff account.

    Raises MisconfiguredError where one cannot be made. Whatever stops it, nothing of it is left.
    """
    database = connect(settings.database)
    with ExitStack() as undo:
        undo.callback(_remove_folders, [*_missing(settings.home), *_missing(settings.key_file.parent)])
        prepare_home(settings.home)
        first = made(domain, algorithm, vault.KeyState.SIGNING) if domain else list
        keys = vault.create(settings.key_file, settings.home, first)
        undo.callback(settings.key_file.unlink)
        undo.callback(_remove_files, _new_files(database))
        undo.callback(database.dispose)
        with database.write() as session:
            schema.migrate(session)
            session.add(InstallationRow(id=1, fingerprint=keys.fingerprint()))
            if staff is not None:
                session.add(Staff(name=staff, created_at=clock.now()))
                session.add(AuditEntry(at=clock.now(), name=staff, action="installation.create", subject="", detail={}))
        undo.pop_all()
    return Installation(settings, database, keys)


def demand_none(settings: Settings) -> None:
    """Raise RefusedError where the database is an installation's already, or holds anything else. Changes nothing."""
    database = connect(settings.database)
    file = database.engine.url.database
    if database.kind == "sqlite" and file and not Path(file).exists():
        return
    with database.read() as session:
        tables = inspect(session.connection()).get_table_names()
    database.dispose()
    if InstallationRow.__tablename__ in tables:
        raise RefusedError(
            N_(
                "There is an installation in this %(kind)s database already: start it with mailer up,"
                " or choose another place with MAILER_HOME and MAILER_DATABASE_URL."
            ),
            kind=database.kind,
        )
    if tables:
        raise RefusedError(
            N_(
                "This %(kind)s database holds the tables of something else:"
                " give Twinletter one of its own with MAILER_DATABASE_URL."
            ),
            kind=database.kind,
        )


def _new_files(database: Database) -> list[Path]:
    """Make the file of a SQLite database, readable by its owner alone; what is to be removed if it was in vain."""
    if database.kind != "sqlite":
        return []
    path = Path(database.engine.url.database or ":memory:")
    if path.name == ":memory:":
        raise _unmakable(path, "it would be gone when this command ends")
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return []
    except OSError as error:
        raise _unmakable(path, error.strerror or "") from None
    return [path.with_name(path.name + ending) for ending in ("-shm", "-wal", "")]


def _unmakable(path: Path, why: str) -> MisconfiguredError:
    return MisconfiguredError(
        N_("The database file %(path)s cannot be made: %(why)s. Name another with MAILER_DATABASE_URL."),
        path=path,
        why=why,
    )


def _remove_files(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _missing(folder: Path) -> list[Path]:
    """``folder`` and those above it, as far as they are not there yet, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _remove_folders(paths: Iterable[Path]) -> None:
    for path in paths:
        # Somebody may have put something there meanwhile.
        with suppress(OSError):
            path.rmdir()


def unlock(settings: Settings, *, any_schema: bool = False) -> Installation:
    """The installation that the settings name; of an older schema only where ``any_schema`` allows it.

    Raises MisconfiguredError for a home or key file that cannot be used, a schema that this
    program does not work with, or keys of another database; UnavailableError without a database.
    """
    prepare_home(settings.home)
    return join(settings, vault.unlock(settings.key_file, settings.home), any_schema=any_schema)


def join(settings: Settings, keys: vault.Vault, *, any_schema: bool = False) -> Installation:
    """The database that the settings name with keys that are unlocked already. Changes nothing, and raises likewise."""
    with ExitStack() as undo:
        database = connect(settings.database)
        undo.callback(database.dispose)
        (schema.found if any_schema else schema.check)(database)
        with database.read() as session:
            fingerprint = session.scalar(select(InstallationRow.fingerprint))
        if fingerprint != keys.fingerprint():
            raise _foreign(settings)
        undo.pop_all()
    return Installation(settings, database, keys)


def _foreign(settings: Settings) -> MisconfiguredError:
    return MisconfiguredError(
        N_("The key file %(path)s belongs to another database: say where the right one lies with MAILER_KEY_FILE."),
        path=settings.key_file,
    )


def prepare_home(home: Path) -> None:
    """Make the data home, readable by its owner alone, or say why it cannot be."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if home.is_dir() and home.stat().st_mode & stat.S_IWOTH:
            raise PermissionError(13, "everybody writes there, so it is not ours to close")
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
