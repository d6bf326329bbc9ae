import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from structlog.testing import capture_logs

from mailer import clock
from mailer.db.types import now_in
from mailer.errors import MisconfiguredError, UnavailableError, UnrecordedError
from mailer.events import withdrawals
from mailer.events.replay import Replayed, replay
from mailer.events.restored import catch_up, seen
from mailer.events.unsubscribe import STATES, resubscribe, unsubscribe
from mailer.events.withdrawals import Content, Entry, Kind, append, read
from mailer.installation import Installation
from mailer.model import (
    AuditEntry,
    Campaign,
    CampaignState,
    Event,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from mailer.model import Installation as InstallationRow

HOUR = datetime(2026, 11, 25, 14, tzinfo=UTC)
INDEX = bytes(range(32))
LINE = f"2026-11-25T14Z withdraw 3 {INDEX.hex()}\n".encode()
ENTRY = Entry(HOUR, Kind.WITHDRAW, 3, INDEX)


@pytest.fixture
def file(house: Installation) -> Path:
    return house.settings.withdrawals


def _entries(file: Path) -> list[Entry]:
    return read(file).entries()[0]


def _people(house: Installation, n: int) -> list[tuple[bytes, bytes]]:
    """Reference and blind index of some readers."""
    with house.database.read() as session:
        rows = session.execute(select(Subscriber.ref, Subscriber.address_index).order_by(Subscriber.id).limit(n))
        return [(ref, address_index) for ref, address_index in rows]


def _change(house: Installation, campaign: Campaign, ref: bytes, *, undo: bool = False) -> None:
    with house.database.write() as session:
        (resubscribe if undo else unsubscribe)(session, ref, campaign.topic_id, house.settings.withdrawals)


def _state(house: Installation, ref: bytes) -> SubscriptionState:
    with house.database.read() as session:
        wanted = select(Subscription.state).join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        return session.scalars(wanted.where(Subscriber.ref == ref)).one()


def _events(house: Installation) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def _restore_backup(house: Installation, *, read: int = 0, seen_at: datetime | None = None) -> None:
    """The database as it was before anybody withdrew."""
    with house.database.write() as session:
        session.execute(delete(Event))
        session.execute(update(Subscription).values(state=SubscriptionState.ACTIVE, withdrawn_at=None))
        session.execute(update(InstallationRow).values(withdrawals_read=read, seen_at=seen_at))


def _campaign_state(house: Installation, number: int) -> CampaignState:
    with house.database.read() as session:
        return session.get_one(Campaign, number).state


# The file


def test_a_line_is_the_hour_the_wish_the_topic_and_a_hash(tmp_path: Path) -> None:
    file = tmp_path / "withdrawals"
    append(file, ENTRY)
    append(file, Entry(HOUR, Kind.SUPPRESS, None, INDEX))
    assert file.read_bytes() == LINE + LINE.replace(b"withdraw 3", b"suppress -")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.kind for entry in _entries(file)] == [Kind.WITHDRAW, Kind.SUPPRESS]
    suppressed = [Entry(HOUR, Kind.SUPPRESS, None, INDEX)]
    assert read(file, len(LINE)).entries() == read(file).entries(len(LINE)) == (suppressed, 0)


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "withdrawals"
    file.write_bytes(LINE + LINE[:40])
    torn = read(file)
    assert (torn.entries(), torn.end) == (([ENTRY], 0), len(LINE))
    append(file, ENTRY)
    whole = read(file)
    assert (whole.entries(torn.end), whole.end) == (([ENTRY], 1), file.stat().st_size)


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\x00\xfe",
        LINE[:-3],
        LINE.upper().strip(),
        LINE.strip() + b" ",
        LINE.strip().replace(b"withdraw", b"forget"),
        LINE.strip().replace(b" 3 ", b" - "),
        LINE.strip().replace(b"withdraw", b"suppress"),
        LINE.strip().replace(b"T14Z", b"T24Z"),
        LINE.strip().replace(b"-11-25", b"-02-30"),
        LINE.strip().replace(b"2026", "２０２６".encode()),
        LINE.strip().replace(b"2026", b"0000"),
    ],
)
def test_a_damaged_line_is_passed_over_and_counted(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "withdrawals"
    file.write_bytes(LINE + line + b"\n\n" + LINE)
    assert read(file).entries() == ([ENTRY, ENTRY], 1)


def test_many_may_write_at_once_and_no_line_is_torn(tmp_path: Path) -> None:
    file = tmp_path / "withdrawals"
    words = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime;"
        "from concurrent.futures import ThreadPoolExecutor;"
        "from mailer.events.withdrawals import Entry, Kind, append;"
        "wish = lambda n: [append(Path(sys.argv[1]), Entry(datetime(2026, 11, 25, 14, tzinfo=UTC),"
        " Kind.WITHDRAW, n * 100 + i, bytes([int(sys.argv[2])] * 32))) for i in range(100)];"
        "list(ThreadPoolExecutor(10).map(wish, range(10)))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", words, str(file), number]) for number in ("1", "2")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    entries, damaged = read(file).entries()
    assert damaged == 0
    assert len({(entry.address_index, entry.topic) for entry in entries}) == len(entries) == 2000


@pytest.mark.parametrize("what", ["folder", "below a file", "no folder", "full", "null", "pipe"])
def test_a_file_that_cannot_be_written_is_said_and_logged(tmp_path: Path, what: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    file = {
        "folder": tmp_path / "folder",
        "below a file": tmp_path / "file" / "withdrawals",
        "no folder": tmp_path / "none" / "withdrawals",
        "full": Path("/dev/full"),
        "null": Path("/dev/null"),
        "pipe": tmp_path / "pipe",
    }[what]
    with capture_logs() as lines, pytest.raises(UnavailableError, match="nothing was changed"):
        append(file, ENTRY)
    assert [line["event"] for line in lines] == ["withdrawals.unwritable"]
    assert INDEX.hex() not in str(lines)


@pytest.mark.parametrize("cut", [1, 40, len(LINE) - 1])
def test_a_disk_that_fills_up_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    file = tmp_path / "withdrawals"
    append(file, ENTRY)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, octets: write(descriptor, octets[:cut]))
    with pytest.raises(UnavailableError):
        append(file, ENTRY)
    assert file.read_bytes() == LINE


def test_a_disk_that_does_not_take_it_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    file = tmp_path / "withdrawals"
    append(file, ENTRY)
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(UnavailableError):
        append(file, ENTRY)
    assert file.read_bytes() == LINE


# Unsubscribing


def test_a_withdrawal_is_in_the_file_before_it_is_in_the_database(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    (ref, index), *_ = _people(house, 1)
    for undo in (False, False, True, True, False):
        _change(house, campaign, ref, undo=undo)
    kinds = [Kind.WITHDRAW, Kind.RESTORE, Kind.WITHDRAW]
    assert _entries(file) == [Entry(clock.this_hour(), kind, campaign.topic_id, index) for kind in kinds]
    assert _state(house, ref) is SubscriptionState.WITHDRAWN


def test_an_impatient_reader_has_one_order_in_file_and_database(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    (ref, _), *_ = _people(house, 1)
    with ThreadPoolExecutor(6) as pool:
        pages = [pool.submit(_change, house, campaign, ref, undo=n % 2 > 0) for n in range(60)]
        replays = [pool.submit(replay, house) for _ in range(10)]
        assert [page.result(60) for page in pages] == [None] * 60
        assert sum(replayed.result(60).applied for replayed in replays) == 0
    entries = _entries(file)
    assert STATES[entries[-1].kind] is _state(house, ref)
    # Each was a change: they take turns.
    assert [entry.kind for entry in entries] == [(Kind.WITHDRAW, Kind.RESTORE)[n % 2] for n in range(len(entries))]
    assert _events(house) == len(entries)


def test_without_the_file_nothing_changes(house: Installation, campaign: Campaign, file: Path) -> None:
    file.mkdir()
    (ref, _), *_ = _people(house, 1)
    with pytest.raises(UnavailableError):
        _change(house, campaign, ref)
    assert _state(house, ref) is SubscriptionState.ACTIVE
    assert _events(house) == 0


# Replay


def test_a_file_that_is_lost_is_not_begun_anew_by_a_page(house: Installation, campaign: Campaign, file: Path) -> None:
    (one, _), (other, _) = _people(house, 2)
    _change(house, campaign, one)
    catch_up(house)
    file.unlink()
    with pytest.raises(UnrecordedError):
        _change(house, campaign, other)
    assert not file.exists()
    assert _state(house, other) is SubscriptionState.ACTIVE


def test_a_restored_database_gets_back_what_it_lost(house: Installation, campaign: Campaign, file: Path) -> None:
    (gone, _), (back, _), (again, _), (stays, _) = _people(house, 4)
    for ref, undo in ((gone, False), (back, False), (again, False), (back, True), (again, True), (again, False)):
        _change(house, campaign, ref, undo=undo)
    _restore_backup(house)
    assert replay(house) == Replayed(applied=2)
    assert [_state(house, ref) for ref in (gone, back, again, stays)] == [
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
    assert _events(house) == 2
    assert replay(house) == Replayed()


def test_taking_back_is_replayed_too(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, _), *_ = _people(house, 1)
    _change(house, campaign, ref)
    replay(house)
    append(file, Entry(clock.this_hour(), Kind.RESTORE, campaign.topic_id, _people(house, 1)[0][1]))
    assert replay(house) == Replayed(applied=1)
    assert _state(house, ref) is SubscriptionState.ACTIVE


def test_what_the_pages_wrote_changes_nothing_twice(house: Installation, campaign: Campaign) -> None:
    (ref, _), *_ = _people(house, 1)
    _change(house, campaign, ref)
    assert replay(house) == Replayed()
    assert _events(house) == 1


@pytest.mark.parametrize("committed", [True, False])
def test_a_replay_waits_for_a_page_that_has_not_committed(
    house: Installation, campaign: Campaign, *, committed: bool
) -> None:
    (ref, _), *_ = _people(house, 1)
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
    assert _state(house, ref) is SubscriptionState.WITHDRAWN
    assert _events(house) == 1


def test_who_changes_their_mind_during_a_replay_is_left_to_the_next(
    house: Installation, campaign: Campaign, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ref, _), *_ = _people(house, 1)
    _change(house, campaign, ref)
    _change(house, campaign, ref, undo=True)
    early = Content(_entries(file)[0].line())
    # The file as a replay sees it that began between the two.
    monkeypatch.setattr(withdrawals, "read", lambda path, start=0: read(path, start) if start else early)
    assert replay(house) == Replayed()
    assert _state(house, ref) is SubscriptionState.ACTIVE
    monkeypatch.undo()
    assert replay(house) == Replayed()
    assert _events(house) == 2


def test_strangers_are_counted_and_passed_over(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, index), *_ = _people(house, 1)
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, INDEX))
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id + 1, index))
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, 9_999_999_999, index))
    append(file, Entry(clock.this_hour(), Kind.ERASE, None, index))
    assert replay(house) == Replayed(unknown=3)
    assert _state(house, ref) is SubscriptionState.ACTIVE


def test_a_later_consent_outweighs_a_withdrawal(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, index), *_ = _people(house, 1)
    append(file, Entry(clock.this_hour() - timedelta(hours=1), Kind.WITHDRAW, campaign.topic_id, index))
    assert replay(house) == Replayed(outdated=1)
    assert _state(house, ref) is SubscriptionState.ACTIVE


def test_a_later_withdrawal_outweighs_its_undoing(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, index), *_ = _people(house, 1)
    with house.database.write() as session:
        session.execute(update(Subscription).values(consent_at=HOUR - timedelta(days=9)))
    _change(house, campaign, ref)
    replay(house)
    append(file, Entry(HOUR, Kind.RESTORE, campaign.topic_id, index))
    with house.database.write() as session:
        session.execute(update(Subscription).values(withdrawn_at=HOUR + timedelta(hours=1)))
    assert replay(house) == Replayed(outdated=1)
    assert _state(house, ref) is SubscriptionState.WITHDRAWN


def test_a_suppression_is_kept_for_good(house: Installation, file: Path) -> None:
    for _ in range(2):
        append(file, Entry(HOUR, Kind.SUPPRESS, None, INDEX))
    assert replay(house) == Replayed(applied=1)
    with house.database.read() as session:
        assert session.scalars(select(Suppression.address_index)).all() == [INDEX]


def test_damage_is_warned_of_and_the_rest_is_replayed(house: Installation, campaign: Campaign, file: Path) -> None:
    (ref, index), *_ = _people(house, 1)
    file.write_bytes(LINE[:30] + b"\n\xff\n")
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, index))
    with capture_logs() as lines:
        assert replay(house) == Replayed(applied=1, damaged=2)
    assert [line["event"] for line in lines] == ["withdrawals.damaged", "withdrawals.replayed"]
    assert _state(house, ref) is SubscriptionState.WITHDRAWN


# The very file


def _row(house: Installation) -> tuple[int, str | None, bytes | None]:
    with house.database.read() as session:
        row = session.scalars(select(InstallationRow)).one()
    return row.withdrawals_read, row.withdrawals_name, row.withdrawals_digest


def _begun(house: Installation, campaign: Campaign, file: Path) -> tuple[bytes, bytes, bytes]:
    """Somebody came back and left again in the same hour, and was read; they, the file before that and after."""
    (other, _), (ref, _) = _people(house, 2)
    for who, undo in ((other, False), (ref, False), (ref, True)):
        _change(house, campaign, who, undo=undo)
    old = file.read_bytes()
    _change(house, campaign, ref)
    replay(house)
    return ref, old, file.read_bytes()


def test_an_older_copy_takes_nobody_back(house: Installation, campaign: Campaign, file: Path) -> None:
    ref, old, _ = _begun(house, campaign, file)
    gone, gone_index = _people(house, 3)[2]
    file.write_bytes(old)
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, gone_index))
    # Longer than what was read by now, and with a line that ends there.
    for _ in range(9):
        append(file, Entry(clock.this_hour(), Kind.WITHDRAW, 10**9, INDEX))
    with capture_logs() as lines:
        replay(house)
    assert "withdrawals.replaced" in [line["event"] for line in lines]
    assert _state(house, ref) is _state(house, gone) is SubscriptionState.WITHDRAWN
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
    assert _state(house, ref) is SubscriptionState.WITHDRAWN


@pytest.mark.parametrize("length", ["shorter", "longer", "gone", "empty"])
def test_the_file_of_another_host_is_refused_and_changes_nothing(
    house: Installation, campaign: Campaign, file: Path, length: str
) -> None:
    _begun(house, campaign, file)
    before = _row(house)
    stays, stays_index = _people(house, 3)[2]
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
    assert _state(house, stays) is SubscriptionState.ACTIVE


def test_a_file_may_be_moved(house: Installation, campaign: Campaign, file: Path) -> None:
    ref, _, now = _begun(house, campaign, file)
    moved = file.with_name("moved")
    moved.write_bytes(now)
    there = replace(house, settings=house.settings.model_copy(update={"withdrawals_file": str(moved)}))
    assert replay(there) == Replayed()
    append(moved, Entry(clock.this_hour(), Kind.RESTORE, campaign.topic_id, _people(house, 2)[1][1]))
    assert replay(there) == Replayed(applied=1)
    assert _state(house, ref) is SubscriptionState.ACTIVE


def test_a_lost_file_is_begun_anew_by_saying_whose_place_it_takes(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    ref, _, _ = _begun(house, campaign, file)
    stays, stays_index = _people(house, 3)[2]
    _change(house, campaign, stays)
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
    assert _state(house, stays) is SubscriptionState.ACTIVE
    assert _state(house, ref) is SubscriptionState.WITHDRAWN
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
    append(file, Entry(clock.this_hour(), Kind.RESTORE, campaign.topic_id, _people(house, 2)[1][1]))
    assert replay(house) == Replayed(applied=1)
    assert _state(house, ref) is SubscriptionState.ACTIVE
    assert _row(house)[1] == read(file).name


def test_what_an_older_program_read_is_read_again_and_takes_nobody_back(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    ref, old, _ = _begun(house, campaign, file)
    gone, gone_index = _people(house, 3)[2]
    file.write_bytes(old)
    append(file, Entry(clock.this_hour(), Kind.WITHDRAW, campaign.topic_id, gone_index))
    with house.database.write() as session:
        changed = {"withdrawals_read": file.stat().st_size, "withdrawals_name": None, "withdrawals_digest": None}
        session.execute(update(InstallationRow).values(changed))
    with capture_logs() as lines:
        assert replay(house) == Replayed(applied=1)
    assert [line["event"] for line in lines] == ["withdrawals.replayed"]
    assert _state(house, ref) is _state(house, gone) is SubscriptionState.WITHDRAWN
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


# A restored database


def test_a_restored_database_holds_its_campaigns_once(house: Installation, sending: Campaign, file: Path) -> None:
    (ref, _), *_ = _people(house, 1)
    _change(house, sending, ref)
    catch_up(house)
    seen(house.database, house.settings)
    with house.database.read() as session:
        now = session.scalars(select(now_in())).one()
    _restore_backup(house, seen_at=now - timedelta(days=1))
    seen(house.database, house.settings)  # a worker that has not noticed yet hides nothing
    with capture_logs() as lines, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: catch_up(house), range(4)))
    (warning,) = [line for line in lines if line["event"] == "database.restored"]
    assert warning["held"] == [sending.id]
    assert "mailer campaign resume" in warning["advice"]
    assert _campaign_state(house, sending.id) is CampaignState.HELD
    assert _state(house, ref) is SubscriptionState.WITHDRAWN
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
    assert _campaign_state(house, sending.id) is CampaignState.SENDING
    assert file.exists()


def test_a_backup_from_before_the_first_worker_is_older_too(house: Installation, sending: Campaign) -> None:
    seen(house.database, house.settings)
    _restore_backup(house)
    catch_up(house)
    assert _campaign_state(house, sending.id) is CampaignState.HELD


def test_campaigns_are_held_even_if_the_file_cannot_be_read(house: Installation, sending: Campaign, file: Path) -> None:
    seen(house.database, house.settings)
    _restore_backup(house)
    file.mkdir()
    with pytest.raises(MisconfiguredError):
        catch_up(house)
    assert _campaign_state(house, sending.id) is CampaignState.HELD


def test_an_ordinary_restart_holds_nothing(house: Installation, sending: Campaign) -> None:
    for _ in range(3):
        catch_up(house)
        seen(house.database, house.settings)
        # As if the next round came in time.
        with house.database.write() as session:
            before = session.scalars(select(InstallationRow.seen_at)).one()
            assert before is not None
            session.execute(update(InstallationRow).values(seen_at=before + timedelta(seconds=1)))
    assert _campaign_state(house, sending.id) is CampaignState.SENDING


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
    assert _campaign_state(house, sending.id) is CampaignState.SENDING
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
    assert _campaign_state(house, sending.id) is CampaignState.SENDING
    assert moments == sorted(moments, key=str)
    assert len(set(moments)) == len(moments)


def test_a_moment_that_cannot_be_left_stops_no_work(house: Installation, file: Path) -> None:
    file.with_name("withdrawals.seen").mkdir()
    with capture_logs() as lines:
        seen(house.database, house.settings)
    assert [line["event"] for line in lines] == ["seen.unwritable"]
    assert [path.name for path in file.parent.glob("*.seen*")] == ["withdrawals.seen"]
