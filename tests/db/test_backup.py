"""A backup of a PostgreSQL that asks for a password: wherever libpq finds it, and never on a command line."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from mailer import config
from mailer.config import load
from mailer.db import connect
from mailer.db.backup import backup
from mailer.errors import UnavailableError
from tests.servers import Postgres

WORD = "hu@sh"


@pytest.fixture(scope="module")
def guarded(servers: None) -> Iterator[Path]:
    """A PostgreSQL that lets ``keeper`` in with a password only; its socket's folder."""
    assert servers is None
    with Postgres() as server:
        with psycopg.connect(host=str(server.folder), user="app", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{WORD}'")
            connection.execute("CREATE TABLE letter (words text)")
            (rules,) = connection.execute("SHOW hba_file").fetchone() or ("",)
            path = Path(rules)
            path.write_text(f"local all keeper scram-sha-256\n{path.read_text()}")
            connection.execute("SELECT pg_reload_conf()")
        yield server.folder


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which pg_dump's command line is written down before the real one runs."""
    real = shutil.which("pg_dump")
    assert real
    program, seen = tmp_path / "bin" / "pg_dump", tmp_path / "seen"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ntr "\\0" " " </proc/$$/cmdline >"{seen}"\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return seen


def _back_up(url: str, folder: Path) -> bytes:
    settings = load(home=folder / "home", key_file=folder / "key", database_url=url)
    database = connect(settings.database)
    try:
        copy = backup(database, folder / "backups" / "one", config.environment(settings))
    finally:
        database.dispose()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    return copy.read_bytes()


@pytest.mark.parametrize("where", ["url", "query", "variable", "file", "service"])
def test_the_password_is_found_and_never_on_a_command_line(
    guarded: Path, seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    url = f"postgresql+psycopg://keeper@/postgres?host={guarded}"
    match where:
        case "url":
            url = url.replace("keeper@", "keeper:hu%40sh@")
        case "query":
            url += "&password=hu%40sh"
        case "variable":
            monkeypatch.setenv("PGPASSWORD", WORD)
        case "file":
            (tmp_path / "pgpass").write_text(f"*:*:*:keeper:{WORD}\n")
            (tmp_path / "pgpass").chmod(0o600)
            monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
        case "service":
            service = f"[letters]\nhost={guarded}\ndbname=postgres\nuser=keeper\npassword={WORD}\n"
            (tmp_path / "services").write_text(service)
            monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
            url = "postgresql+psycopg://?service=letters"
    dump = _back_up(url, tmp_path)
    assert dump.startswith(b"PGDMP")
    assert b"letter" in dump
    said = seen.read_text()
    assert "--format=custom" in said
    assert WORD not in said
    assert "hu%40sh" not in said


def test_without_the_password_it_fails_and_leaves_nothing(guarded: Path, seen: Path, tmp_path: Path) -> None:
    assert not seen.exists()
    with pytest.raises(UnavailableError, match="backup"):
        _back_up(f"postgresql+psycopg://keeper:wrong@/postgres?host={guarded}", tmp_path)
    assert list((tmp_path / "backups").iterdir()) == []
