"""The withdrawals file: who withdrew, kept outside the database, so that no restored backup forgets it.

One line for each wish, ``2026-11-25T14Z withdraw 3 HEX``: the hour, what was wished, the topic
(``-`` for all), and the blind index of the address, by which the person is found again even after
an import. A line counts once its newline is there; lines are only ever added.

The file is known by its first wish. One that begins with the line ``instead of NAME`` was begun
by an operator in place of the file of that name.
"""

import errno
import fcntl
import hashlib
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from mailer import log
from mailer.errors import MisconfiguredError, UnrecordedError
from mailer.i18n import N_

_LINE = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\dZ) (?:(withdraw|restore) (\d{1,10})|(suppress|erase) -) ([0-9a-f]{64})", re.ASCII
)
_INSTEAD = b"instead of "


class Kind(StrEnum):
    """What was wished. ``suppress`` and ``erase`` mean all topics."""

    WITHDRAW = "withdraw"
    RESTORE = "restore"
    SUPPRESS = "suppress"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Entry:
    """One wish."""

    hour: datetime
    kind: Kind
    topic: int | None
    address_index: bytes

    @property
    def key(self) -> tuple[bytes, int | None]:
        """What it is about: of several wishes the last one counts."""
        return self.address_index, self.topic

    def line(self) -> bytes:
        """As it stands in the file."""
        topic = "-" if self.topic is None else self.topic
        return f"{self.hour:%Y-%m-%dT%HZ} {self.kind} {topic} {self.address_index.hex()}\n".encode("ascii")


def append(file: Path, entry: Entry, *, begun: bool = False) -> None:
    """Add an entry; it is on the disk before this returns. ``begun``: to a file that must be there already.

    Raises UnrecordedError where that cannot be had, and leaves the file as it was.
    """
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | (0 if begun else os.O_CREAT), 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _append(descriptor, file.parent, entry.line())
        finally:
            os.close(descriptor)
    except OSError as error:
        log.logger().error("withdrawals.unwritable", file=str(file), why=error.strerror)
        raise UnrecordedError(
            N_(
                "We could not record this safely just now, so nothing was changed."
                " Please try again later, or reply to the email and tell us."
            )
        ) from None


def _append(descriptor: int, folder: Path, line: bytes) -> None:
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        # What a crash cut off may spoil its own line, not this one.
        line = b"\n" + line
    try:
        _write(descriptor, line)
        if not size:
            # A new file survives a power cut only once its folder is on the disk as well.
            _sync(folder)
    except OSError:
        # Who is told that nothing was changed must not find later that it was.
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


def _write(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Content:
    """The complete lines of the file, from its beginning or some octet on."""

    octets: bytes

    @property
    def end(self) -> int:
        """Where the last line ends."""
        return len(self.octets)

    @property
    def name(self) -> str | None:
        """What the file is known by as long as it begins with the same line; none where it has no line."""
        head = self._lines(1)
        if head.startswith(_INSTEAD):
            # That line may well stand in two files.
            head = self._lines(2)
        return hashlib.sha256(head).hexdigest()[:16] if head else None

    def instead_of(self, name: str) -> bool:
        """Whether it says that it was begun in place of the file of that name."""
        return self._lines(1).split() == [*_INSTEAD.split(), name.encode()]

    def _lines(self, n: int) -> bytes:
        """The first ``n`` lines."""
        return b"\n".join(self.octets.lstrip(b"\n").split(b"\n", n)[:n])

    def digest(self, end: int) -> bytes:
        """A hash of what stands before octet ``end``."""
        return hashlib.sha256(self.octets[:end]).digest()

    def entries(self, start: int = 0) -> tuple[list[Entry], int]:
        """The entries from octet ``start`` on, and how many lines are damaged."""
        lines = [line for line in self.octets[start:].split(b"\n") if line and not line.startswith(_INSTEAD)]
        entries = [entry for line in lines if (entry := _entry(line))]
        return entries, len(lines) - len(entries)


def size(file: Path) -> int:
    """How many octets there are; a file that is not there is an empty one."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise _unreadable(file, error) from None
    if not stat.S_ISREG(found.st_mode):
        raise _unreadable(file, OSError(errno.EINVAL, "it is no ordinary file"))
    return found.st_size


def read(file: Path, start: int = 0) -> Content:
    """What stands in the file from octet ``start`` on. Raises MisconfiguredError for a file that cannot be read."""
    octets = _octets(file, start) if size(file) else b""
    return Content(octets[: octets.rfind(b"\n") + 1])


def _octets(file: Path, start: int) -> bytes:
    try:
        with file.open("rb") as opened:
            # Who appends holds this lock until the line is on the disk, or gone again.
            fcntl.flock(opened, fcntl.LOCK_SH)
            opened.seek(start)
            return opened.read()
    except OSError as error:
        raise _unreadable(file, error) from None


def _entry(line: bytes) -> Entry | None:
    """The entry that a line holds, if it is whole."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    hour, one, topic, every, address_index = (part.decode() if part else "" for part in found.groups())
    try:
        moment = datetime.fromisoformat(hour)
    except ValueError:
        return None
    return Entry(moment, Kind(one or every), int(topic) if topic else None, bytes.fromhex(address_index))


def _unreadable(file: Path, error: OSError) -> MisconfiguredError:
    return MisconfiguredError(
        N_(
            "The withdrawals file %(path)s cannot be read: %(why)s."
            " Without it nobody knows who withdrew: put that right, or name another with MAILER_WITHDRAWALS_FILE."
        ),
        path=file,
        why=error.strerror,
    )
