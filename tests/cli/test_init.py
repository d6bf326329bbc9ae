"""Setting up: everything or nothing, and what a person has to do next."""

import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, text

from mailer import installation
from mailer.cli.argument import domain, person
from mailer.config import Settings, load
from mailer.db import connect, schema
from mailer.errors import MisconfiguredError, RefusedError, WrongUsageError
from mailer.model import AuditEntry, Staff
from tests.cli.conftest import Run, one_line
from tests.servers import Postgres

WORDS = ("init", "--staff=Ada Lovelace", "--domain=letters.example")


def _places(tmp_path: Path) -> dict[str, str]:
    return {"home": str(tmp_path / "home"), "key_file": str(tmp_path / "keys" / "twinletter.key")}


def test_all_that_an_installation_needs_is_made_and_said(run: Run, tmp_path: Path) -> None:
    places = _places(tmp_path)
    done = run(*WORDS, **places)
    assert (done.returncode, done.stderr) == (0, "")
    house = installation.unlock(load(**places))
    with house.database.read() as session:
        assert list(session.scalars(select(Staff.name))) == ["Ada Lovelace"]
        assert list(session.scalars(select(AuditEntry.action))) == ["installation.create"]
    house.database.dispose()
    (key,) = house.keys.dkim
    # Ready to paste: the record stands on a line of its own.
    assert key.zone_line in done.stdout.splitlines()
    steps = [line[0] for line in done.stdout.splitlines() if line[1:3] == ". "]
    assert steps == ["1", "2", "3", "4", "5"]
    for word in (*places.values(), "MAILER_PUBLIC_URL", "MAILER_RELAY_URL", "mailer up", "mailer doctor"):
        assert word in done.stdout
    for path in (tmp_path / "keys" / "twinletter.key", tmp_path / "home" / "twinletter.db"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_machine_gets_one_object(run: Run, tmp_path: Path) -> None:
    places = _places(tmp_path)
    done = run("init", "--staff=陳大文", "--domain=例子.example", "--json", **places)
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    (key,) = installation.unlock(load(**places)).keys.dkim
    assert result == places | {
        "database": "sqlite",
        "staff": "陳大文",
        "dkim": {"name": key.record_name, "value": key.record_value},
    }
    assert key.domain == "xn--fsqu00a.example"


def test_nobody_is_asked_where_nobody_can_answer(run: Run, tmp_path: Path) -> None:
    one_line(run("init", **_places(tmp_path)), 2, "--staff")
    one_line(run("init", "--staff=Ada", **_places(tmp_path)), 2, "--domain")
    one_line(run("init", "--staff=Ada", "--domain=nowhere", **_places(tmp_path)), 2, "letters.example.org")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "typed", ["", "example", "a b.example", "x@y.example", "127.0.0.1", "-a.example", "a..example"]
)
def test_what_is_no_domain(typed: str) -> None:
    with pytest.raises(WrongUsageError):
        domain(typed)


@pytest.mark.parametrize("typed", ["", "  ", "a\nb", "\u202eadA", "\udcff", "x" * 101])
def test_what_is_no_name(typed: str) -> None:
    with pytest.raises(WrongUsageError):
        person(typed)


def test_a_second_time_is_refused_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    places = _places(tmp_path)
    assert run(*WORDS, **places).returncode == 0
    before = [(tmp_path / name).read_bytes() for name in ("keys/twinletter.key", "home/twinletter.db")]
    one_line(run(*WORDS, **places), 1, "already", "MAILER_HOME")
    one_line(run(*WORDS, **places | {"key_file": str(tmp_path / "other.key")}), 1, "already")
    one_line(run(*WORDS, **places | {"home": str(tmp_path / "other")}), 1, "exists already", "MAILER_KEY_FILE")
    assert [(tmp_path / name).read_bytes() for name in ("keys/twinletter.key", "home/twinletter.db")] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "keys"]


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "sqlite://"])
def test_a_database_that_cannot_be_made_leaves_no_key_behind(run: Run, tmp_path: Path, url: str) -> None:
    one_line(run(*WORDS, database_url=url, **_places(tmp_path)), 1, "MAILER_DATABASE_URL")
    assert list(tmp_path.iterdir()) == []
    assert run(*WORDS, **_places(tmp_path)).returncode == 0


def test_whatever_stops_it_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def migrate(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "migrate", migrate)
    with pytest.raises(KeyboardInterrupt):
        installation.create(load(home=tmp_path / "a" / "home", key_file=tmp_path / "b" / "key"))
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").touch()
    with pytest.raises(MisconfiguredError, match="inside the data home"):
        installation.create(load(home=tmp_path / "home", key_file=tmp_path / "home" / "new" / "key"))
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["letter"]


def test_a_database_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    chosen = load(home=tmp_path / "home", key_file=tmp_path / "key", database_url=f"sqlite:///{tmp_path}/shop.db")
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE goods (id INTEGER)")
    connection.close()
    with pytest.raises(RefusedError, match="something else"):
        installation.demand_none(chosen)


def test_a_server_s_database_must_be_empty(postgres: Postgres, tmp_path: Path) -> None:
    postgres.create("init")
    try:
        chosen = load(home=tmp_path / "home", key_file=tmp_path / "key", database_url=postgres.url("init"))
        _fill(chosen, "CREATE TABLE goods (id integer)")
        with pytest.raises(RefusedError, match="something else"):
            installation.demand_none(chosen)
        _fill(chosen, "DROP TABLE goods")
        installation.demand_none(chosen)
        # Its tables go where the rest of it goes.
        with pytest.raises(MisconfiguredError, match="inside the data home"):
            installation.create(chosen.model_copy(update={"key_file": tmp_path / "home" / "key"}))
        installation.demand_none(chosen)
        installation.create(chosen, domain="letters.example", staff="Ada").database.dispose()
        with pytest.raises(RefusedError, match="already"):
            installation.demand_none(chosen)
    finally:
        postgres.drop("init")


def _fill(chosen: Settings, statement: str) -> None:
    database = connect(chosen.database)
    with database.write() as session:
        session.execute(text(statement))
    database.dispose()
