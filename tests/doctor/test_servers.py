"""The database, its clock, the broker, the workers."""

from collections.abc import Callable

import pytest
from sqlalchemy import text, update

from mailer import installation
from mailer.db.types import now_in
from mailer.doctor import servers
from mailer.events.restored import seen
from mailer.installation import Installation
from mailer.model import Installation as InstallationRow
from tests.doctor.conftest import says, states
from tests.servers import Redis

BEHIND = "SELECT clock_timestamp() - interval '1 minute'"


def test_a_database_is_joined_with_its_own_keys_alone(house: Installation) -> None:
    found, check = servers.database(house.settings, house.keys)
    assert found is not None
    found.database.dispose()
    assert (check.about, check.state) == (house.database.kind, "fine")


@pytest.mark.databases("sqlite")
def test_another_databases_keys_are_refused(house: Installation) -> None:
    elsewhere = house.settings.home.parent / "other"
    other = installation.create(
        house.settings.model_copy(update={"home": elsewhere, "key_file": elsewhere.with_suffix(".key")})
    )
    other.database.dispose()
    found, check = servers.database(house.settings, other.keys)
    assert (found, check.state) == (None, "broken")
    assert "another database" in str(check.says)


def test_a_database_that_is_away_is_broken(
    house: Installation, lose_database: Callable[[], Callable[[], None]]
) -> None:
    house.database.dispose()
    lose_database()
    found, check = servers.database(house.settings, house.keys)
    assert (found, check.state) == (None, "broken")
    assert "does not answer" in str(check.says)


def test_a_schema_that_is_none_of_ours_is_broken(house: Installation) -> None:
    with house.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'tomorrow'"))
    found, check = servers.database(house.settings, house.keys)
    assert (found, check.state) == (None, "broken")
    assert "tomorrow" in str(check.says)


def test_workers_are_heard_of_or_not(house: Installation) -> None:
    checks = servers.moments(house)
    assert states(checks) == {("clock", house.database.kind): "fine", ("workers", ""): "look"}
    assert "yet" in says(checks, "workers")
    seen(house.database, house.settings)
    assert states(servers.moments(house))["workers", ""] == "fine"
    with house.database.write() as session:
        session.execute(update(InstallationRow).values(seen_at=now_in(-600)))
    checks = servers.moments(house)
    assert states(checks)["workers", ""] == "look"
    assert "10 min" in says(checks, "workers")


@pytest.mark.databases("postgresql")
def test_a_database_with_another_clock_is_said(house: Installation) -> None:
    with house.database.write() as session:
        name = session.scalar(text("SELECT current_database()"))
        session.execute(text("CREATE SCHEMA late"))
        session.execute(
            text(f"CREATE FUNCTION late.statement_timestamp() RETURNS timestamptz LANGUAGE sql AS $${BEHIND}$$")
        )
        # What stands before the system's own names is found first.
        session.execute(text(f"ALTER DATABASE {name} SET search_path = late, pg_catalog, public"))
    house.database.dispose()
    checks = servers.moments(house)
    assert states(checks)["clock", "postgresql"] == "look"
    assert "60 s apart" in says(checks, "clock")


@pytest.mark.databases("sqlite")
def test_a_broker_that_is_away_is_broken(house: Installation) -> None:
    away = house.settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})
    check = servers.wake_ups(away)
    assert (check.name, check.state) == ("broker", "broken")
    assert "does not answer" in str(check.says)


@pytest.mark.databases("sqlite")
def test_a_broker_that_answers_is_fine(house: Installation, redis: Redis) -> None:
    check = servers.wake_ups(house.settings.model_copy(update={"broker_url": redis.url}))
    assert (check.state, str(check.says)) == ("fine", "answers")


@pytest.mark.databases("sqlite")
def test_without_a_broker_nothing_is_made(house: Installation) -> None:
    check = servers.wake_ups(house.settings)
    assert check.state == "fine"
    assert "mailer up sees to one" in str(check.says)
    assert not (house.settings.home / "broker").exists()
