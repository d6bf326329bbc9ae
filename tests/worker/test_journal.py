"""What a journal tells of a process that died, however it was left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.errors import UnavailableError
from worker import journal as room
from worker.journal import Journal, Story, found_dead, journals
from worker.transport import Fate

MARK = b"ours" * 8
HEAD, RECORD = 48, 16


@pytest.fixture
def living(tmp_path: Path) -> Journal:
    return Journal(tmp_path, MARK)


def _path(home: Path) -> Path:
    (path,) = journals(home)
    return path


def _died(journal: Journal) -> None:
    """As a process dies: the lock goes, the file stays."""
    os.close(journal._file)  # noqa: SLF001 — nothing else lets go of a lock without tidying up


def _found(home: Path, mark: bytes = MARK) -> Story | None:
    with found_dead(_path(home), mark) as story:
        return story


def test_of_each_message_it_tells_what_is_known(tmp_path: Path, living: Journal) -> None:
    claim = living.claim()
    for delivery in (1, 2, 3):
        living.intent(claim, delivery)
    living.result(claim, 1, Fate.SENT, 250)
    living.result(claim, 2, Fate.DEFERRED, 451)
    _died(living)
    story = _found(tmp_path)
    assert story is not None
    assert story.name == claim.partition("-")[0]
    assert [story.of(claim, n) for n in (1, 2, 3, 4)] == [
        (Fate.SENT, 250), (Fate.DEFERRED, 451), (None, None), (Fate.UNSENT, None)
    ]  # fmt: skip
    assert journals(tmp_path) == []


def test_the_living_are_left_alone(tmp_path: Path, living: Journal) -> None:
    living.intent(living.claim(), 1)
    assert _found(tmp_path) is None
    assert len(journals(tmp_path)) == 1


def test_a_claim_says_nothing_of_another(tmp_path: Path, living: Journal) -> None:
    first, second = living.claim(), living.claim()
    assert first != second
    living.intent(first, 1)
    living.result(first, 1, Fate.SENT, 250)
    _died(living)
    story = _found(tmp_path)
    assert story is not None
    assert story.of(second, 1) == (Fate.UNSENT, None)


def test_what_the_ledger_has_is_dropped_and_what_is_open_is_kept(
    tmp_path: Path, living: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_LARGEST", 10 * RECORD)
    slow = living.claim()
    living.intent(slow, 7)
    for n in range(100):
        quick = living.claim()
        living.intent(quick, n)
        living.result(quick, n, Fate.SENT, 250)
        living.settled(quick)
    assert _path(tmp_path).stat().st_size < HEAD + 20 * RECORD
    living.result(slow, 7, Fate.FAILED, 550)
    _died(living)
    story = _found(tmp_path)
    assert story is not None
    assert story.of(slow, 7) == (Fate.FAILED, 550)


@pytest.mark.parametrize("written", range(6))
def test_killed_while_it_shrinks_it_loses_no_record(
    tmp_path: Path, living: Journal, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """Two claims are open side by side, as lanes have them: their records lie mixed."""
    monkeypatch.setattr(room, "_LARGEST", 2 * RECORD)
    over, one, two = living.claim(), living.claim(), living.claim()
    for delivery in (1, 2):
        living.intent(two, delivery)
        living.result(two, delivery, Fate.SENT, 250)
        living.intent(one, delivery)
    living.intent(over, 9)
    write = os.pwrite

    def killed(descriptor: int, octets: bytes, at: int) -> int:
        write(descriptor, octets[: written * RECORD], at)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "pwrite", killed)
    with pytest.raises(KeyboardInterrupt):
        living.settled(over)
    _died(living)
    story = _found(tmp_path)
    assert story is not None
    assert [story.of(one, n)[0] for n in (1, 2, 3)] == [None, None, Fate.UNSENT]
    assert [story.of(two, n)[0] for n in (1, 2, 3)] == [Fate.SENT, Fate.SENT, Fate.UNSENT]


def test_one_that_cannot_be_made_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(UnavailableError, match="cannot be written"):
            Journal(tmp_path, MARK)
    (tmp_path / "journal").unlink()
    (tmp_path / "journal").mkdir()
    program = f"""
import os, resource, signal
from pathlib import Path
from mailer.errors import UnavailableError
from worker.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
before = os.listdir("/proc/self/fd")
for _ in range(3):
    try:
        Journal(Path({str(tmp_path)!r}), {MARK!r})
    except UnavailableError:
        assert os.listdir("/proc/self/fd") == before
        print("unavailable")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["unavailable"] * 3
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert list((tmp_path / "journal").iterdir()) == []


def test_nothing_is_kept_when_nothing_is_open(tmp_path: Path, living: Journal) -> None:
    claim = living.claim()
    living.intent(claim, 1)
    living.settled(claim)
    assert _path(tmp_path).stat().st_size == HEAD
    living.close()
    assert journals(tmp_path) == []


def test_a_claim_that_was_not_settled_leaves_it_to_be_found(tmp_path: Path, living: Journal) -> None:
    """Nothing was sent under it, but the database may hold rows in its name."""
    claim = living.claim()
    living.close()
    story = _found(tmp_path)
    assert story is not None
    assert story.of(claim, 1) == (Fate.UNSENT, None)


@pytest.mark.parametrize("torn", range(1, RECORD))
def test_a_record_torn_at_any_octet_is_none(tmp_path: Path, living: Journal, torn: int) -> None:
    claim = living.claim()
    living.intent(claim, 1)
    living.intent(claim, 2)
    _died(living)
    os.truncate(_path(tmp_path), HEAD + RECORD + torn)
    story = _found(tmp_path)
    assert story is not None
    # The record of 2 was not finished, so its body had not begun.
    assert (story.of(claim, 1), story.of(claim, 2)) == ((None, None), (Fate.UNSENT, None))


@pytest.mark.parametrize("damage", ["no head", "another boot", "a record changed"])
def test_after_damage_silence_proves_nothing(tmp_path: Path, living: Journal, damage: str) -> None:
    claim = living.claim()
    living.intent(claim, 1)
    living.result(claim, 1, Fate.SENT, 250)
    living.intent(claim, 2)
    _died(living)
    path = _path(tmp_path)
    raw = bytearray(path.read_bytes())
    if damage == "no head":
        raw = raw[:20]
    else:
        raw[10 if damage == "another boot" else len(raw) - 14] ^= 1
    path.write_bytes(raw)
    story = _found(tmp_path)
    assert story is not None
    assert not story.whole
    assert story.of(claim, 9) == (None, None)
    if damage != "no head":
        assert story.of(claim, 1) == (Fate.SENT, 250)


def test_another_installations_journal_is_left_where_it_is(tmp_path: Path, living: Journal) -> None:
    _died(living)
    assert _found(tmp_path, b"theirs" * 6) is None
    assert len(journals(tmp_path)) == 1


def test_a_copy_proves_nothing_while_its_original_lives_or_not(tmp_path: Path, living: Journal) -> None:
    living.intent(living.claim(), 1)
    original = _path(tmp_path)
    copy = original.with_suffix(".new")
    copy.write_bytes(original.read_bytes())
    copy.rename(original)
    assert _found(tmp_path) is None
    assert len(journals(tmp_path)) == 1


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_journal_is_passed_over(tmp_path: Path, living: Journal, kind: str) -> None:
    path = _path(tmp_path)
    living.close()
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(path)
    else:
        os.mkfifo(path)
    assert _found(tmp_path) is None
    (path.parent / "%.journal").touch()
    assert len(journals(tmp_path)) == 1


def test_a_fold_that_fails_leaves_it_for_another_time(tmp_path: Path, living: Journal) -> None:
    _died(living)
    with pytest.raises(UnavailableError), found_dead(_path(tmp_path), MARK):
        raise UnavailableError("the database is away")
    assert len(journals(tmp_path)) == 1


def test_on_a_full_disk_no_intent_is_taken_and_nothing_is_torn(tmp_path: Path) -> None:
    """In a process of its own, whose files may not grow beyond three records and a half."""
    program = f"""
import resource, signal, sys
from pathlib import Path
from mailer.errors import UnavailableError
from worker.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({HEAD + 3 * RECORD + 8},) * 2)
journal = Journal(Path({str(tmp_path)!r}), {MARK!r})
claim = journal.claim()
for delivery in range(1, 10):
    try:
        journal.intent(claim, delivery)
    except UnavailableError as error:
        print(delivery, error)
        break
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("4 The journal cannot be written")
    assert _path(tmp_path).stat().st_size == HEAD + 3 * RECORD
    story = _found(tmp_path)
    assert story is not None
    assert story.whole
    assert [story.of(f"{story.name}-1", n)[0] for n in (3, 4)] == [None, Fate.UNSENT]
