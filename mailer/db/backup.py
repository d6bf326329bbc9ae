"""A copy of the whole database in one file, taken while it is in use. Addresses and names stay sealed in it."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import URL

from mailer.db.engine import Database
from mailer.errors import UnavailableError
from mailer.i18n import N_


def backup(database: Database, stem: Path, environment: Mapping[str, str]) -> Path:
    """Write a copy to ``stem`` plus ``.db`` (SQLite) or ``.dump`` (PostgreSQL's custom format); its path.

    ``environment`` is what PostgreSQL's own program runs in. Raises UnavailableError where the
    copy cannot be written: then there is no such file.
    """
    path = stem.with_name(stem.name + (".db" if database.kind == "sqlite" else ".dump"))
    try:
        stem.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise _failed(path, error.strerror or "") from None
    try:
        if database.kind == "sqlite":
            _copy(database, path)
        else:
            _dump(database, path, environment)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _copy(database: Database, path: Path) -> None:
    connection = database.engine.raw_connection()
    try:
        # By the driver itself, since a copy is not made inside a transaction.
        connection.cursor().execute("VACUUM INTO ?", (str(path),))
    except sqlite3.Error as error:
        raise _failed(path, str(error)) from None
    finally:
        connection.close()


def _dump(database: Database, path: Path, environment: Mapping[str, str]) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise UnavailableError(
            N_(
                "A backup of a PostgreSQL database needs its program pg_dump: install it (Debian: postgresql-client),"
                " or make a backup of your own and say --no-backup."
            )
        )
    url = database.engine.url
    # What the URL does not say may be told to libpq by other means, and stays so.
    password = url.password or url.query.get("password")
    secret = {"PGPASSWORD": str(password)} if password else {}
    words = [program, "--format=custom", "--no-password", f"--file={path}", f"--dbname={_conninfo(url)}"]
    # The password goes by the environment: other people of this machine can read a command line.
    done = subprocess.run(  # noqa: S603 — a program found on PATH, arguments of our own
        words,
        env={**environment, **secret},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise _failed(path, (done.stderr.strip().splitlines() or ["pg_dump failed"])[-1])


def _conninfo(url: URL) -> str:
    """The URL as libpq reads it, without our driver's name and the password."""
    query = {name: value for name, value in url.query.items() if "password" not in name}
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return plain.render_as_string(hide_password=False)


def _failed(path: Path, why: str) -> UnavailableError:
    return UnavailableError(N_("The backup %(path)s cannot be written: %(why)s."), path=path, why=why.rstrip("."))
