"""The withdrawals file: whole lines or none, whatever happens."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mailer.errors import UnavailableError
from mailer.events.withdrawals import Entry, Kind, append, read
from tests.events.conftest import (
    ENTRY,
    HOUR,
    INDEX,
    LINE,
    entries,
)


def test_a_line_is_the_hour_the_wish_the_topic_and_a_hash(tmp_path: Path) -> None:
    file = tmp_path / "withdrawals"
    append(file, ENTRY)
    append(file, Entry(HOUR, Kind.SUPPRESS, None, INDEX))
    assert file.read_bytes() == LINE + LINE.replace(b"withdraw 3", b"suppress -")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.kind for entry in entries(file)] == [Kind.WITHDRAW, Kind.SUPPRESS]
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
