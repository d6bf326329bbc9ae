"""A restored database is known by its age, and held."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from mailer.db.types import now_in
from mailer.errors import MisconfiguredError
from mailer.events.restored import catch_up, seen
from mailer.installation import Installation
from mailer.model import (
    AuditEntry,
    Campaign,
    CampaignState,
    SubscriptionState,
)
from mailer.model import Installation as InstallationRow
from tests.events.conftest import campaign_state, change, readers, restore_backup, state_of


@pytest.mark.promise(8)
def test_a_restored_database_holds_its_campaigns_once(house: Installation, sending: Campaign, file: Path) -> None:
    (ref, _), *_ = readers(house, 1)
    change(house, sending, ref)
    catch_up(house)
    seen(house.database, house.settings)
    with house.database.read() as session:
        now = session.scalars(select(now_in())).one()
    restore_backup(house, seen_at=now - timedelta(days=1))
    seen(house.database, house.settings)  # a worker that has not noticed yet hides nothing
    with capture_logs() as lines, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: catch_up(house), range(4)))
    (warning,) = [line for line in lines if line["event"] == "database.restored"]
    assert warning["held"] == [sending.id]
    assert "mailer campaign resume" in warning["advice"]
    assert campaign_state(house, sending.id) is CampaignState.HELD
    assert state_of(house, ref) is SubscriptionState.WITHDRAWN
    with house.database.read() as session:
        held = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.hold")).all()
    assert [(entry.name, entry.subject, entry.detail) for entry in held] == [
        ("twinletter", str(sending.id), {"why": "restored"})
    ]
    with house.database.write() as session:
        session.execute(update(Campaign).values(state=CampaignState.SENDING))
    for _ in range(2):
        catch_up(house)
        seen(house.database, house.settings)
    assert campaign_state(house, sending.id) is CampaignState.SENDING
    assert file.exists()


def test_a_backup_from_before_the_first_worker_is_older_too(house: Installation, sending: Campaign) -> None:
    seen(house.database, house.settings)
    restore_backup(house)
    catch_up(house)
    assert campaign_state(house, sending.id) is CampaignState.HELD


def test_campaigns_are_held_even_if_the_file_cannot_be_read(house: Installation, sending: Campaign, file: Path) -> None:
    seen(house.database, house.settings)
    restore_backup(house)
    file.mkdir()
    with pytest.raises(MisconfiguredError):
        catch_up(house)
    assert campaign_state(house, sending.id) is CampaignState.HELD


def test_an_ordinary_restart_holds_nothing(house: Installation, sending: Campaign) -> None:
    for _ in range(3):
        catch_up(house)
        seen(house.database, house.settings)
        # As if the next round came in time.
        with house.database.write() as session:
            before = session.scalars(select(InstallationRow.seen_at)).one()
            assert before is not None
            session.execute(update(InstallationRow).values(seen_at=before + timedelta(seconds=1)))
    assert campaign_state(house, sending.id) is CampaignState.SENDING


def test_the_moment_is_left_every_few_seconds_only(house: Installation, file: Path) -> None:
    mark = file.with_name("withdrawals.seen")
    seen(house.database, house.settings)
    first = mark.read_text()
    seen(house.database, house.settings)
    assert mark.read_text() == first
    with house.database.write() as session:
        session.execute(update(InstallationRow).values(seen_at=now_in(-6)))
    mark.unlink()
    seen(house.database, house.settings)
    assert datetime.fromisoformat(mark.read_text()) > datetime.fromisoformat(first)
    assert [path.name for path in mark.parent.glob("*.seen*")] == [mark.name]


@pytest.mark.parametrize("content", [b"", b"\xff", b"yesterday", b"2099-01-01T00:00:00"])
def test_a_damaged_moment_holds_nothing(house: Installation, sending: Campaign, file: Path, content: bytes) -> None:
    file.with_name("withdrawals.seen").write_bytes(content)
    catch_up(house)
    assert campaign_state(house, sending.id) is CampaignState.SENDING
    seen(house.database, house.settings)
    assert datetime.fromisoformat(file.with_name("withdrawals.seen").read_text()).tzinfo is UTC


def test_a_clock_that_was_put_back_holds_nothing(house: Installation, sending: Campaign) -> None:
    """Whatever was left in the file before, the database stays ahead of it."""
    with house.database.write() as session:
        session.execute(update(InstallationRow).values(seen_at=now_in(86400)))
    moments = []
    for _ in range(3):
        seen(house.database, house.settings)
        catch_up(house)
        with house.database.read() as session:
            moments.append(session.scalars(select(InstallationRow.seen_at)).one())
    assert campaign_state(house, sending.id) is CampaignState.SENDING
    assert moments == sorted(moments, key=str)
    assert len(set(moments)) == len(moments)


def test_a_moment_that_cannot_be_left_stops_no_work(house: Installation, file: Path) -> None:
    file.with_name("withdrawals.seen").mkdir()
    with capture_logs() as lines:
        seen(house.database, house.settings)
    assert [line["event"] for line in lines] == ["seen.unwritable"]
    assert [path.name for path in file.parent.glob("*.seen*")] == ["withdrawals.seen"]
