"""An installation of an older program, in mid-send, becomes one of this program's: nothing is lost on the way."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select, text

from mailer import installation
from mailer.campaign.campaign import pause
from mailer.db import schema
from mailer.errors import MisconfiguredError, RefusedError, UnavailableError
from mailer.installation import Installation
from mailer.model import Base, Campaign, CampaignState, Delivery
from mailer.upgrade import upgrade


def _nothing(*_: object, **__: object) -> None:
    pass


@pytest.fixture
def old(house: Installation, sending: Campaign) -> Installation:
    """As the program with schema 0001 left it, in mid-send."""
    assert sending
    with house.database.write() as session:
        for state in ("pending", "deferred", "uncertain"):
            session.execute(text(f"DROP INDEX ix_delivery_{state}"))
        for name in ("withdrawals_read", "withdrawals_name", "withdrawals_digest", "seen_at"):
            session.execute(text(f"ALTER TABLE installation DROP COLUMN {name}"))
        session.execute(
            text(
                "CREATE INDEX ix_delivery_claimable ON delivery (provider, campaign_id, id)"
                " WHERE state IN ('pending', 'deferred')"
            )
        )
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    return house


def _state(house: Installation) -> CampaignState:
    with house.database.read() as session:
        return session.scalars(select(Campaign.state)).one()


def test_a_program_refuses_an_older_schema_and_says_what_to_do(old: Installation) -> None:
    with pytest.raises(MisconfiguredError, match="mailer upgrade"):
        installation.unlock(old.settings)


def test_it_is_backed_up_migrated_and_sends_on(old: Installation) -> None:
    done = upgrade(old, _nothing)
    assert (done.before, done.after) == ("0001", schema.newest())
    assert len(done.paused) == 1
    assert _state(old) is CampaignState.SENDING
    with old.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    now = installation.unlock(old.settings)
    with now.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 40
    now.database.dispose()
    assert done.backup is not None
    assert done.backup.stat().st_mode & 0o077 == 0
    assert done.backup.stat().st_size > 10_000


@pytest.mark.databases("sqlite")
def test_the_backup_is_the_database_as_it_was(old: Installation) -> None:
    copy = upgrade(old, _nothing).backup
    assert copy is not None
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert database.execute("SELECT count(*) FROM delivery").fetchall() == [(40,)]


def test_who_was_paused_before_stays_paused(old: Installation) -> None:
    with old.database.write() as session:
        pause(session, session.scalars(select(Campaign)).one(), "Ada")
    assert upgrade(old, _nothing).paused == []
    assert _state(old) is CampaignState.PAUSED


def test_a_migration_that_fails_changes_nothing(old: Installation) -> None:
    with old.database.write() as session:
        session.execute(text("CREATE TABLE blocker (id INTEGER)"))
        session.execute(text("CREATE INDEX ix_delivery_uncertain ON blocker (id)"))
    with pytest.raises(UnavailableError if old.database.kind == "sqlite" else Exception, match="already exists"):
        upgrade(old, _nothing)
    assert schema.found(old.database) == "0001"
    assert _state(old) is CampaignState.SENDING
    with old.database.read() as session:
        assert session.execute(text("SELECT count(*) FROM installation")).scalar() == 1


def test_without_a_backup_nothing_is_migrated(old: Installation) -> None:
    (old.settings.home / "backups").touch()
    with pytest.raises(UnavailableError, match="backup"):
        upgrade(old, _nothing)
    assert schema.found(old.database) == "0001"
    assert _state(old) is CampaignState.SENDING
    assert upgrade(old, _nothing, with_backup=False).backup is None


def test_one_that_was_broken_off_is_finished_by_the_next(old: Installation) -> None:
    """Killed after the migration: the campaign is paused, and only the file knows why."""
    with old.database.write() as session:
        session.execute(text("UPDATE campaign SET state = 'paused'"))
    (old.settings.home / "upgrade.json").write_text("[1]")
    schema.upgrade(old.database)
    done = upgrade(old, _nothing)
    assert (done.before, done.after, done.paused) == (schema.newest(), schema.newest(), [1])
    assert _state(old) is CampaignState.SENDING


def test_two_do_not_work_at_once(old: Installation) -> None:
    holds = (
        "import sys; from pathlib import Path; from mailer import lock;"
        " file = lock.take(Path(sys.argv[1])); print(bool(file), flush=True); input()"
    )
    path = str(old.settings.home / "upgrade.lock")
    with subprocess.Popen([sys.executable, "-c", holds, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        with pytest.raises(RefusedError, match="Another mailer upgrade"):
            upgrade(old, _nothing)
        other.communicate(b"\n")
    assert upgrade(old, _nothing).after == schema.newest()


def test_a_schema_of_a_newer_program_is_refused(house: Installation) -> None:
    with house.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MisconfiguredError, match="9999"):
        upgrade(house, _nothing)
