"""An installation of an older program, in mid-send, becomes one of this program's: nothing is lost on the way."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from mailer import installation, workers
from mailer import upgrade as upgrading
from mailer.campaign.campaign import pause, resume
from mailer.campaign.count import reconcile
from mailer.db import schema
from mailer.db.types import now_in
from mailer.demo.mailbox import Mailbox
from mailer.demo.show import sink
from mailer.errors import MisconfiguredError, RefusedError, UnavailableError
from mailer.installation import Installation
from mailer.model import AuditEntry, Base, Campaign, CampaignState, Count, Delivery, DeliveryState, Limit
from mailer.upgrade import upgrade
from mailer.web import app as web
from mailer.web import serve
from tests.patience import until

Work = tuple["subprocess.Popen[bytes]", Mailbox]


# What schema 0001 had not got.
_NEWER = {
    "installation": ("withdrawals_read", "withdrawals_name", "withdrawals_digest", "seen_at"),
    "edition": ("derived", "layout"),
    "block": ("languages", "required", "fallback"),
    "newsletter": ("logo", "images", "han_per_minute", "words_per_minute"),
    "campaign": ("test", "collapsed_at"),
    "delivery": ("route",),
    "subscriber": ("greeting_name", "provider_due"),
}


def _nothing(*_: object, **__: object) -> None:
    pass


@pytest.fixture
def old(house: Installation, sending: Campaign) -> Installation:
    """As the program with schema 0001 left it, in mid-send."""
    assert sending
    with house.database.write() as session:
        for state in ("pending", "deferred", "uncertain"):
            session.execute(text(f"DROP INDEX ix_delivery_{state}"))
        for index in ("event_delivery_id", "subscriber_provider_due"):
            session.execute(text(f"DROP INDEX ix_{index}"))
        for table in (
            "edition_image",
            "image",
            "term",
            "version",
            "acknowledgement",
            "recipient",
            "exchange",
            "reason",
            '"limit"',
            "departure",
            "throttle_state",
            "connection_lease",
            "route",
        ):
            session.execute(text(f"DROP TABLE {table}"))
        session.execute(text("CREATE TABLE rate_limit (scope VARCHAR PRIMARY KEY, per_second DOUBLE PRECISION)"))
        session.execute(text("CREATE TABLE throttle_level (scope VARCHAR PRIMARY KEY, given_until BIGINT)"))
        session.execute(text("INSERT INTO rate_limit VALUES ('all', 20)"))
        for table, names in _NEWER.items():
            for name in names:
                session.execute(text(f"ALTER TABLE {table} DROP COLUMN {name}"))
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
        assert session.execute(select(Limit.scope, Limit.per_second, Limit.held)).all() == [("all", 20.0, False)]
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
        session.execute(update(Campaign).values(state=CampaignState.PAUSED))
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


class _KilledError(BaseException):
    """Nothing is cleared up after a kill."""


@pytest.fixture
def broken_off(old: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An upgrade was killed after its migration, and before it could resume anything."""

    def killed(*_: object) -> None:
        raise _KilledError

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "_resume", killed)
        with pytest.raises(_KilledError):
            upgrade(old, _nothing)
    assert _state(old) is CampaignState.PAUSED
    return old


def test_one_that_was_broken_off_is_finished_by_the_next(broken_off: Installation) -> None:
    done = upgrade(broken_off, _nothing)
    assert (done.before, done.after, done.paused) == (schema.newest(), schema.newest(), [1])
    assert _state(broken_off) is CampaignState.SENDING
    assert upgrade(broken_off, _nothing).paused == []


@pytest.mark.parametrize("resumed_by", ["an upgrade", "a person"])
def test_who_is_paused_by_a_person_after_one_that_was_broken_off_stays_paused(
    broken_off: Installation, resumed_by: str
) -> None:
    if resumed_by == "an upgrade":
        upgrade(broken_off, _nothing)
    with broken_off.database.write() as session:
        campaign = session.scalars(select(Campaign)).one()
        if resumed_by == "a person":
            resume(session, campaign, "Ada")
        pause(session, campaign, "Ada")
    assert upgrade(broken_off, _nothing).paused == []
    assert _state(broken_off) is CampaignState.PAUSED


def test_it_stands_on_record(old: Installation) -> None:
    upgrade(old, _nothing)
    with old.database.read() as session:
        acts = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[-2:]
    assert [(act.name, act.action, act.subject, act.detail) for act in acts] == [
        ("twinletter", "campaign.pause", "1", {"why": "upgrade"}),
        ("twinletter", "campaign.resume", "1", {"why": "upgrade"}),
    ]


def test_what_is_scheduled_does_not_start_meanwhile(old: Installation) -> None:
    changed = {"state": CampaignState.SCHEDULED, "scheduled_at": now_in(-1), "started_at": None}
    with old.database.write() as session:
        session.execute(update(Campaign).values(changed))
    found: list[int | None] = []
    # As the older program asks, which knows fewer columns.
    due = select(Campaign.id).where(Campaign.state == CampaignState.SCHEDULED, Campaign.scheduled_at <= now_in())

    def tell(*_: object, **__: object) -> None:
        with old.database.read() as session:
            found.append(session.scalar(due))

    assert upgrade(old, tell).paused == [1]
    # Looked at while it waits and once the backup is there; the third look is after the migration.
    assert found == [None, None, None]
    assert _state(old) is CampaignState.SCHEDULED


def test_a_campaign_that_begins_during_the_backup_is_paused_before_the_migration(
    old: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with old.database.write() as session:
        session.execute(update(Campaign).values(state=CampaignState.DRAFT))
    states = []
    migrate = schema.migrate

    def look(session: Session) -> None:
        states.append(session.scalars(select(Campaign.state)).one())
        migrate(session)

    def tell(message: str, **_: object) -> None:
        if message.startswith("Backup"):
            with old.database.write() as session:
                session.execute(update(Campaign).values(state=CampaignState.SENDING))

    monkeypatch.setattr(schema, "migrate", look)
    upgrade(old, tell)
    assert states == [CampaignState.PAUSED]
    assert _state(old) is CampaignState.SENDING


@pytest.mark.databases("sqlite")
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


@pytest.mark.databases("postgresql")
def test_two_hosts_do_not_work_at_once(old: Installation, tmp_path: Path) -> None:
    there = replace(old, settings=old.settings.model_copy(update={"home": tmp_path / "there"}))
    refused = []

    def tell(*_: object, **__: object) -> None:
        with pytest.raises(RefusedError, match="Another mailer upgrade"):
            upgrade(there, _nothing)
        refused.append(_state(old))

    upgrade(old, tell)
    # Whoever is refused resumes nothing.
    assert refused[:2] == [CampaignState.PAUSED] * 2
    assert upgrade(there, _nothing).paused == []


def test_a_schema_of_a_newer_program_is_refused(house: Installation) -> None:
    with house.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MisconfiguredError, match="9999"):
        upgrade(house, _nothing)


def test_what_a_dead_worker_had_only_claimed_waits_again(old: Installation) -> None:
    with old.database.write() as session:
        session.execute(text("UPDATE delivery SET state = 'claimed', claim = 'x-1' WHERE id <= 15"))
        session.execute(text("UPDATE count SET n = n - 1"))
        session.execute(text("INSERT INTO count SELECT campaign_id, variant_id, provider, 'claimed', 1 FROM count"))
    with old.database.rebuild() as session:
        schema.migrate(session)
    with old.database.write() as session:
        assert {*session.scalars(select(Delivery.claim))} == {None}
        assert {*session.scalars(select(Count.state))} == {DeliveryState.PENDING}
        assert reconcile(session, 1) == 0
        assert session.scalar(select(func.count()).where(Delivery.state == DeliveryState.PENDING)) == 40


def test_versions_are_the_names_of_their_files() -> None:
    directory = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert [script.revision for script in directory.walk_revisions()] == [*schema._revisions()]  # noqa: SLF001


_NEXT = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9999", "BEFORE", None, None


def upgrade():
    held = sa.text("SELECT count(*) FROM delivery WHERE state IN ('claimed', 'sending')")
    assert op.get_bind().execute(held).scalar() == 0, "somebody is sending"
    op.add_column("campaign", sa.Column("next", sa.String(), nullable=True))
"""


@pytest.fixture
def next_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In this process the program is the one after this: it has one more migration."""
    folder = tmp_path / "next"
    folder.mkdir()
    (folder / "9999_next.py").write_text(_NEXT.replace("BEFORE", schema.newest()))
    monkeypatch.setattr(schema, "_FOLDERS", (*schema._FOLDERS, folder))  # noqa: SLF001 — nobody else may add a migration
    schema._revisions.cache_clear()  # noqa: SLF001
    yield
    schema._revisions.cache_clear()  # noqa: SLF001


@pytest.fixture
def at_work(house: Installation, sending: Campaign, tmp_path: Path) -> Iterator[Work]:
    """A worker of this program that has just begun to send."""
    assert sending
    with house.database.write() as session:
        session.add(Limit(scope="all", per_second=4.0))
    (tmp_path / "sink").mkdir()
    mailbox = Mailbox(tmp_path / "sink")
    with sink(tmp_path / "sink") as port:
        changed = {"relay_url": f"smtp://127.0.0.1:{port}", "broker_url": "filesystem://", "tick": 0.2}
        with workers.running(house.settings.model_copy(update=changed), ["old"], tmp_path / "log") as (worker,):
            until(lambda: any(mailbox.received()), 30)
            yield worker, mailbox


def test_a_worker_at_work_loses_nothing_and_ends_by_itself(
    house: Installation, at_work: Work, next_program: None, tmp_path: Path
) -> None:
    assert next_program is None
    worker, mailbox = at_work
    done = upgrade(house, _nothing)
    assert (done.after, done.paused) == ("9999", [1])
    worker.wait(60)
    assert "event=worker.refused" in (tmp_path / "log").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert _state(house) is CampaignState.SENDING
    received = [mail.recipient for mail in mailbox.received()]
    with house.database.read() as session:
        states = Counter(session.scalars(select(Delivery.state)))
    assert states == {DeliveryState.SENT: len(received), DeliveryState.PENDING: 40 - len(received)}
    assert len(set(received)) == len(received) < 40


def test_pages_end_by_themselves_too(house: Installation) -> None:
    tick = house.settings.model_copy(update={"tick": 0.2})
    app = web.create(replace(house, settings=tick))
    over = threading.Event()

    def change() -> None:
        with house.database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        if not over.wait(20):
            os.kill(os.getpid(), signal.SIGINT)

    changing = threading.Thread(target=change)
    with serve.listen("127.0.0.1", 0) as listener, pytest.raises(MisconfiguredError, match="9999"):
        serve.serve(app, listener, lambda _: changing.start())
    over.set()
    changing.join()
