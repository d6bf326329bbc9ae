"""The journal of one worker process: what it was about to send, and what was answered.

The ledger says ``sending`` for a whole batch; the journal says of each message whether its body
was about to leave (*intent*) and how that ended (*result*). A process that is killed leaves its
journal behind, and its lock is gone: whoever finds it folds it into the ledger, and only what
was on the wire is in doubt.

A file ``NAME.journal`` of 16-octet records behind a 48-octet head, written by one process and
locked (flock) for as long as it lives. A claim's token is ``NAME-NUMBER``, so a row of the
ledger names the journal that knows of it, and a record that is out of date names a claim that no
row has any more. What the system was told outlives the process, but not a power cut: after
another boot the absence of a record proves nothing.
"""

import errno
import fcntl
import os
import re
import secrets
import stat
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from mailer import log
from mailer.errors import UnavailableError
from mailer.i18n import N_
from worker.transport import Fate

_MAGIC = b"TWJRNL2\n"
_HEAD = struct.Struct("<8s16s8sQ8x")  # magic, boot, installation, inode of the file itself
_RECORD = struct.Struct("<QIBBH")  # delivery, claim number, kind, check, SMTP code
_INTENT = 0
_KINDS = {Fate.SENT: 1, Fate.DEFERRED: 2, Fate.FAILED: 3, Fate.UNSENT: 4}
_FATES = {kind: fate for fate, kind in _KINDS.items()}
_LARGEST = 1 << 20
_ENDING = ".journal"
_NAME = re.compile(r"[0-9a-f]{12}\.journal", re.ASCII)


def _boot() -> bytes:
    """Which boot of this machine it is; 16 octets, zeros where the system does not say (then none is trusted)."""
    try:
        return bytes.fromhex(Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "").strip())
    except (OSError, ValueError):
        return bytes(16)


def _record(delivery: int, number: int, kind: int, code: int) -> bytes:
    check = zlib.crc32(_RECORD.pack(delivery, number, kind, 0, code)) & 0xFF
    return _RECORD.pack(delivery, number, kind, check, code)


class Journal:
    """This process's own; written by the one thread that sends.

    Raises UnavailableError where the file cannot be made or written: a full disk, mostly.
    """

    def __init__(self, home: Path, installation: bytes) -> None:
        self.name = secrets.token_hex(6)
        folder = _folder(home)
        self._path = folder / f"{self.name}{_ENDING}"
        self._file = -1
        self._claims = 0
        # Claims that are not settled, and the records of each, numbered as they follow each other in the file.
        self._open: set[int] = set()
        self._live: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
        self._written = count()
        self._size = _HEAD.size
        # Under another name until it is locked and has its head, so that nobody takes it for a dead one's.
        new = folder / f".{self.name}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._write(_HEAD.pack(_MAGIC, _boot(), installation[:8], os.fstat(self._file).st_ino))
            new.rename(self._path)
        except (OSError, UnavailableError) as error:
            # It will be tried again: nothing of this try may pile up.
            with suppress(OSError):
                new.unlink()
            if self._file >= 0:
                os.close(self._file)
            raise error if isinstance(error, UnavailableError) else _unwritable(error) from None

    def claim(self) -> str:
        """A token for the next claim, never used again; open until it is settled."""
        self._claims += 1
        self._open.add(self._claims)
        return f"{self.name}-{self._claims}"

    def knows(self, claim: str) -> bool:
        """Whether a claim is this process's and in use; may be asked by any thread."""
        return claim.startswith(f"{self.name}-") and _number(claim) in self._open

    def intent(self, claim: str, delivery: int) -> None:
        """The body of ``delivery`` is about to leave. Where this raises, it must not."""
        self._note(claim, delivery, _INTENT, 0)

    def result(self, claim: str, delivery: int, fate: Fate, code: int | None) -> None:
        """How it ended; doubt needs no record."""
        if fate in _KINDS:
            self._note(claim, delivery, _KINDS[fate], code or 0)

    def _note(self, claim: str, delivery: int, kind: int, code: int) -> None:
        number = _number(claim)
        record = _record(delivery, number, kind, code)
        self._write(record)
        self._live[number].append((next(self._written), record))
        self._size += len(record)

    def _write(self, octets: bytes) -> None:
        try:
            written = os.write(self._file, octets)
            if written < len(octets):
                # A torn record: the next one may not begin in its middle.
                os.ftruncate(self._file, self._size)
        except OSError as error:
            raise _unwritable(error) from None
        if written < len(octets):
            raise _unwritable(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def settled(self, claim: str) -> None:
        """The outcomes of a claim are in the ledger: its records have served."""
        over = _number(claim)
        self._open.discard(over)
        self._live.pop(over, None)
        if not self._live or self._size > _LARGEST:
            self._shrink()

    def _shrink(self) -> None:
        """Keep the live records only.

        They move towards the beginning, in the order that they have in the file, so that none is
        written over before it was moved: a process killed meanwhile leaves some of them twice, and
        none of them out.
        """
        if self._size == _HEAD.size:
            return
        live = b"".join(record for _, record in sorted(chain(*self._live.values())))
        if live:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.pwrite(descriptor, live, _HEAD.size)
            finally:
                os.close(descriptor)
        self._size = _HEAD.size + len(live)
        os.ftruncate(self._file, self._size)

    def close(self) -> None:
        """Leave nothing behind; for a process that ends. What is not settled yet stays, for others to find."""
        if self._file >= 0:
            if not self._open:
                self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1


@dataclass(frozen=True, slots=True)
class Story:
    """What a dead process's journal tells. ``whole``: what it does not mention did not leave."""

    name: str
    whole: bool
    entries: dict[tuple[int, int], tuple[Fate | None, int | None]]

    def of(self, claim: str, delivery: int) -> tuple[Fate | None, int | None]:
        """(fate, code) of a delivery under a claim; ``None`` for a fate that is in doubt."""
        silence = (Fate.UNSENT if self.whole else None, None)
        return self.entries.get((_number(claim), delivery), silence)


def _number(claim: str) -> int:
    return int(claim.rpartition("-")[2])


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """The file's descriptor if its owner is dead and nobody else is folding it, else ``None``."""
    try:
        # Whatever lies there under a journal's name: nothing is waited for, no link is followed.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another may have folded and removed it between our opening and locking it.
        found = os.fstat(descriptor)
        yield descriptor if found.st_nlink and stat.S_ISREG(found.st_mode) else None
    except BlockingIOError:
        yield None
    finally:
        os.close(descriptor)


@contextmanager
def found_dead(path: Path, installation: bytes) -> Iterator[Story | None]:
    """What a journal tells, if its owner is dead: held for as long as the block lasts, and removed at its end.

    A block that raises leaves it for another time. One of another installation is left alone.
    """
    with _locked(path) as descriptor:
        story = None if descriptor is None else _read(path, descriptor, installation)
        yield story
        if story is not None:
            path.unlink(missing_ok=True)


def journals(home: Path) -> list[Path]:
    """Every journal of this host, the living ones too."""
    return sorted(path for path in _folder(home).glob(f"*{_ENDING}") if _NAME.fullmatch(path.name))


def _folder(home: Path) -> Path:
    return home / "journal"


def _read(path: Path, descriptor: int, installation: bytes) -> Story | None:
    """A journal as a story. A torn last record is none: its message had not begun."""
    here = os.fstat(descriptor)
    raw = os.read(descriptor, here.st_size)
    name = path.name.removesuffix(_ENDING)
    headless = (b"", b"", installation[:8], here.st_ino)
    magic, boot, owner, inode = _HEAD.unpack(raw[: _HEAD.size]) if len(raw) >= _HEAD.size else headless
    if boot == _boot() and inode != here.st_ino:
        # The lock that tells the living from the dead is the original's, not this one's. From before a
        # reboot nobody lives, and a file may have come back under another number.
        _leave_alone("journal.copied", path, "it is a copy and proves nothing")
        return None
    if owner != installation[:8]:
        _leave_alone("journal.foreign", path, "it belongs to another installation")
        return None
    whole = magic == _MAGIC and boot == _boot() != bytes(16)
    entries: dict[tuple[int, int], tuple[Fate | None, int | None]] = {}
    body = raw[_HEAD.size :]
    for delivery, number, kind, check, code in _RECORD.iter_unpack(body[: len(body) // _RECORD.size * _RECORD.size]):
        if _record(delivery, number, kind, code)[13] != check or kind not in {_INTENT, *_FATES}:
            whole = False
        elif kind != _INTENT:
            entries[number, delivery] = (_FATES[kind], code or None)
        else:
            entries.setdefault((number, delivery), (None, None))
    if not whole:
        log.logger().warning("journal.damaged", journal=path.name, why="what it does not mention is in doubt")
    return Story(name, whole, entries)


_said: set[Path] = set()


def _leave_alone(happening: str, path: Path, why: str) -> None:
    """Say once why a journal is not folded; each round would find it again."""
    if path not in _said:
        _said.add(path)
        log.logger().warning(happening, journal=path.name, why=f"{why}: left alone")


def _unwritable(error: OSError) -> UnavailableError:
    return UnavailableError(
        N_("The journal cannot be written: %(why)s. Make room in the data home; sending goes on by itself."),
        why=error.strerror,
    )
