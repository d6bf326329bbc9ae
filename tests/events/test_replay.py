"""Replay: what the file says and the database does not, of the very file that was read before."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from mailer import clock
from mailer.errors import MisconfiguredError
from mailer.events import withdrawals
from mailer.events.replay import Replayed, replay
from mailer.events.restored import catch_up
from mailer.events.unsubscribe import unsubscribe
from mailer.events.withdrawals import Content, Entry, Kind, append, read
from mailer.installation import Installation
from mailer.model import (
    Campaign,
    Subscription,
    SubscriptionState,
    Suppression,
)
from mailer.model import Installation as InstallationRow
from tests.events.conftest import (
    ENTRY,
    HOUR,
    INDEX,
    LINE,
    change,
    entries,
    events_noted,
    readers,
    restore_backup,
    state_of,
)


@pytest.mark.promise(8)
def test_a_restored_database_gets_back_what_it_lost(house: Installation, campaign: Campaign, file: Path) -> None:
    (gone, _), (back, _), (again, _), (stays, _) = readers(house, 4)
    for ref, undo in ((gone, False), (back, False), (again, False), (back, True), (again, True), (again, False)):
        change(house, campaign, ref, undo=undo)
    restore_backup(house)
    assert replay(house) == Replayed(applied=2)
    assert [state_of(house, ref) for ref in (gone, back, again, stays)] == [
        SubscriptionState.WITHDRAWN,
        SubscriptionState.ACTIVE,
        SubscriptionState.WITHDRAWN,
        SubscriptionState.ACTIVE,
    ]
    with house.database.read() as session:
        row = session.scalars(select(InstallationRow)).one()
        withdrawn = session.scalars(select(Subscription.withdrawn_at).where(Subscription.withdrawn_at.is_not(None)))
        assert set(withdrawn) == {clock.this_hour()}
    assert row.withdrawals_read == file.stat().st_size
    assert events_noted(house) == 2
    assert replay(house) == Replayed()


def test_taking_back_is_replayed_too(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, _), *_ = readers(house, 1)
    change(house, campaign, ref)
    replay(house)
    append(file, Entry(clock.this_hour(), Kind.RESTORE, campaign.topic_id, readers(house, 1)[0][1]))
    assert replay(house) == Replayed(applied=1)
    assert state_of(house, ref) is SubscriptionState.ACTIVE


def test_what_the_pages_wrote_changes_nothing_twice(house: Installation, campaign: Campaign) -> None:
    (ref, _), *_ = readers(house, 1)
    change(house, campaign, ref)
    assert replay(house) == Replayed()
    assert events_noted(house) == 1


@pytest.mark.parametrize("committed", [True, False])
def test_a_replay_waits_for_a_page_that_has_not_committed(
    house: Installation, campaign: Campaign, *, committed: bool
) -> None:
    (ref, _), *_ = readers(house, 1)
    with ThreadPoolExecutor(1) as pool:
        with suppress(KeyError), house.database.write() as session:
            unsubscribe(session, ref, campaign.topic_id, house.settings.withdrawals)
            session.flush()
            replaying = pool.submit(replay, house)
            threading.Event().wait(0.3)
            assert not replaying.done()
            if not committed:
                raise KeyError
        assert replaying.result(30) == Replayed(applied=0 if committed else 1)
    assert state_of(house, ref) is SubscriptionState.WITHDRAWN
    assert events_noted(house) == 1


def test_who_changes_their_mind_during_a_replay_is_left_to_the_next(
    house: Installation, campaign: Campaign, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ref, _), *_ = readers(house, 1)
    change(house, campaign, ref)
    change(house, campaign, ref, undo=True)
    early = Content(entries(file)[0].line())
    # The file as a replay sees it that began between the two.
    monkeypatch.setattr(withdrawals, "read", lambda path, start=0: read(path, start) if start else early)
    assert replay(house) == Replayed()
    assert state_of(house, ref) is SubscriptionState.ACTIVE
    monkeypatch.undo()
    assert replay(house) == Replayed()
    assert events_noted(house) == 2


def test_strangers_are_counted_and_passed_over(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, index), *_ = readers(house, 1)
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, INDEX))
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id + 1, index))
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, 9_999_999_999, index))
    append(file, Entry(clock.this_hour(), Kind.ERASE, None, index))
    assert replay(house) == Replayed(unknown=3)
    assert state_of(house, ref) is SubscriptionState.ACTIVE


def test_a_later_consent_outweighs_a_withdrawal(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, index), *_ = readers(house, 1)
    append(file, Entry(clock.this_hour() - timedelta(hours=1), Kind.WITHDRAW, campaign.topic_id, index))
    assert replay(house) == Replayed(outdated=1)
    assert state_of(house, ref) is SubscriptionState.ACTIVE


def test_a_later_withdrawal_outweighs_its_undoing(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, index), *_ = readers(house, 1)
    with house.database.write() as session:
        session.execute(update(Subscription).values(consent_at=HOUR - timedelta(days=9)))
    change(house, campaign, ref)
    replay(house)
    append(file, Entry(HOUR, Kind.RESTORE, campaign.topic_id, index))
    with house.database.write() as session:
        session.execute(update(Subscription).values(withdrawn_at=HOUR + timedelta(hours=1)))
    assert replay(house) == Replayed(outdated=1)
    assert state_of(house, ref) is SubscriptionState.WITHDRAWN


def test_a_suppression_is_kept_for_good(house: Installation, file: Path) -> None:
    for _ in range(2):
        append(file, Entry(HOUR, Kind.SUPPRESS, None, INDEX))
    assert replay(house) == Replayed(applied=1)
    with house.database.read() as session:
        assert session.scalars(select(Suppression.address_index)).all() == [INDEX]


def test_damage_is_warned_of_and_the_rest_is_replayed(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, index), *_ = readers(house, 1)
    file.write_bytes(LINE[:30] + b"\n\xff\n")
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, index))
    with capture_logs() as lines:
        assert replay(house) == Replayed(applied=1, damaged=2)
    assert [line["event"] for line in lines] == ["withdrawals.damaged", "withdrawals.replayed"]
    assert state_of(house, ref) is SubscriptionState.WITHDRAWN


# The very file


def _row(house: Installation) -> tuple[int, str | None, bytes | None]:
    with house.database.read() as session:
        row = session.scalars(select(InstallationRow)).one()
    return row.withdrawals_read, row.withdrawals_name, row.withdrawals_digest


def _begun(house: Installation, campaign: Campaign, file: Path) -> tuple[bytes, bytes, bytes]:
    """Somebody came back and left again in the same hour, and was read; they, the file before that and after."""
    (other, _), (ref, _) = readers(house, 2)
    for who, undo in ((other, False), (ref, False), (ref, True)):
        change(house, campaign, who, undo=undo)
    old = file.read_bytes()
    change(house, campaign, ref)
    replay(house)
    return ref, old, file.read_bytes()


def test_an_older_copy_takes_nobody_back(house: Installation, campaign: Campaign, file: Path) -> None:
    ref, old, _ = _begun(house, campaign, file)
    gone, gone_index = readers(house, 3)[2]
    file.write_bytes(old)
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, gone_index))
    # Longer than what was read by now, and with a line that ends there.
    for _ in range(9):
        append(file, Entry(clock.this_hour(), Kind.WITHDRAW, 10**9, INDEX))
    with capture_logs() as lines:
        replay(house)
    assert "withdrawals.replaced" in [line["event"] for line in lines]
    assert state_of(house, ref) is state_of(house, gone) is SubscriptionState.WITHDRAWN
    with capture_logs() as lines:
        assert replay(house) == Replayed()
    assert lines == []


@pytest.mark.parametrize("back", ["older", "same"])
def test_a_file_that_was_away_for_a_round_takes_nobody_back(
    house: Installation, campaign: Campaign, file: Path, back: str
) -> None:
    ref, old, now = _begun(house, campaign, file)
    before = _row(house)
    file.unlink()
    with pytest.raises(MisconfiguredError, match="is empty"):
        replay(house)
    assert _row(house) == before
    file.write_bytes(old if back == "older" else now)
    assert replay(house).applied == 0
    assert state_of(house, ref) is SubscriptionState.WITHDRAWN


@pytest.mark.parametrize("length", ["shorter", "longer", "gone", "empty"])
def test_the_file_of_another_host_is_refused_and_changes_nothing(
    house: Installation, campaign: Campaign, file: Path, length: str
) -> None:
    _begun(house, campaign, file)
    before = _row(house)
    stays, stays_index = readers(house, 3)[2]
    elsewhere = file.with_name("elsewhere")
    for _ in range({"shorter": 1, "longer": 9}.get(length, 0)):
        append(elsewhere, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, stays_index))
    if length == "empty":
        elsewhere.touch()
    theirs = replace(house, settings=house.settings.model_copy(update={"withdrawals_file": str(elsewhere)}))
    for _ in range(2):
        with pytest.raises(MisconfiguredError, match=r"all hosts need the same one.*MAILER_WITHDRAWALS_FILE"):
            catch_up(theirs)
        assert catch_up(house) == Replayed()
    assert _row(house) == before
    assert state_of(house, stays) is SubscriptionState.ACTIVE


def test_a_file_may_be_moved(house: Installation, campaign: Campaign, file: Path) -> None:
    ref, _, now = _begun(house, campaign, file)
    moved = file.with_name("moved")
    moved.write_bytes(now)
    there = replace(house, settings=house.settings.model_copy(update={"withdrawals_file": str(moved)}))
    assert replay(there) == Replayed()
    append(moved, Entry(clock.this_hour(), Kind.RESTORE, campaign.topic_id, readers(house, 2)[1][1]))
    assert replay(there) == Replayed(applied=1)
    assert state_of(house, ref) is SubscriptionState.ACTIVE


def test_a_lost_file_is_begun_anew_by_saying_whose_place_it_takes(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    ref, _, _ = _begun(house, campaign, file)
    stays, stays_index = readers(house, 3)[2]
    change(house, campaign, stays)
    file.unlink()
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, stays_index))
    with pytest.raises(MisconfiguredError) as refused:
        replay(house)
    line = "instead of " + str(refused.value).rpartition("instead of ")[2]
    file.write_bytes(line.encode() + b"\n" + file.read_bytes())
    append(file, Entry(clock.this_hour(), Kind.RESTORE, campaign.topic_id, stays_index))
    with capture_logs() as lines:
        assert replay(house) == Replayed()
    assert [line["event"] for line in lines] == ["withdrawals.replaced"]
    # From here on it is the file.
    append(file, Entry(clock.this_hour(), Kind.RESTORE, campaign.topic_id, stays_index))
    assert replay(house) == Replayed(applied=1)
    assert state_of(house, stays) is SubscriptionState.ACTIVE
    assert state_of(house, ref) is SubscriptionState.WITHDRAWN
    # A second host that does the same has another file nevertheless.
    elsewhere = file.with_name("elsewhere")
    elsewhere.write_text(f"{line}\n")
    append(elsewhere, ENTRY)
    with pytest.raises(MisconfiguredError, match="all hosts need the same one"):
        replay(replace(house, settings=house.settings.model_copy(update={"withdrawals_file": str(elsewhere)})))


def test_a_file_that_is_begun_anew_may_be_read_before_its_first_wish(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    ref, _, _ = _begun(house, campaign, file)
    file.write_text(f"instead of {_row(house)[1]}\n")
    assert replay(house) == replay(house) == Replayed()
    append(file, Entry(clock.this_hour(), Kind.RESTORE, campaign.topic_id, readers(house, 2)[1][1]))
    assert replay(house) == Replayed(applied=1)
    assert state_of(house, ref) is SubscriptionState.ACTIVE
    assert _row(house)[1] == read(file).name


def test_what_an_older_program_read_is_read_again_and_takes_nobody_back(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    ref, old, _ = _begun(house, campaign, file)
    gone, gone_index = readers(house, 3)[2]
    file.write_bytes(old)
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, gone_index))
    with house.database.write() as session:
        changed = {"withdrawals_read": file.stat().st_size, "withdrawals_name": None, "withdrawals_digest": None}
        session.execute(update(InstallationRow).values(changed))
    with capture_logs() as lines:
        assert replay(house) == Replayed(applied=1)
    assert [line["event"] for line in lines] == ["withdrawals.replayed"]
    assert state_of(house, ref) is state_of(house, gone) is SubscriptionState.WITHDRAWN
    assert _row(house)[1] == read(file).name
    assert replay(house) == Replayed()


@pytest.mark.parametrize("place", ["folder", "below a file"])
def test_a_file_that_cannot_be_read_stops_the_start_in_one_line(
    house: Installation, tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    path = tmp_path / "folder" if place == "folder" else tmp_path / "file" / "withdrawals"
    settings = house.settings.model_copy(update={"withdrawals_file": str(path)})
    with pytest.raises(MisconfiguredError, match="cannot be read"):
        catch_up(replace(house, settings=settings))
