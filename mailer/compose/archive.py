"""Archives as people hand them in: a ZIP of an edition's folder, unpacked within bounds or not at all."""

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path, PurePosixPath

from mailer.errors import InvalidError, Term
from mailer.i18n import N_

_MOST_FILES = 300
_MOST_OCTETS = 60_000_000
"""What all files may hold together: some thirty pictures as they come in, and the texts."""
_PIECE = 1 << 20
"""Octets that are read at once; a list of 300 files has far fewer."""
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""What everybody's programs write. Others take as much memory as a file says."""
_UNKNOWN = N_("it is damaged, or packed in a way that is not known here")


class _Bounded(FileIO):
    """A file that is read in pieces alone: the library reads its whole list of files at once, however long."""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most a piece; BadZipFile where more is asked for."""
        if size is not None and size > _PIECE:
            raise zipfile.BadZipFile
        return super().read(_PIECE if size is None or size < 0 else size) or b""


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP archive, by its content."""
    return path.is_file() and zipfile.is_zipfile(path)


# Beside the library's own, what it and the system stumble over: names that are no UTF-8, empty, or without an end.
_FAULTS = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, IndexError, RecursionError,
)  # fmt: skip


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The edition's folder in an archive, for as long as the block lasts.

    Nothing is unpacked unless all of it may be. Raises InvalidError for a file that would lie elsewhere, a link,
    a secret one, too many files, too much in them, or for a damaged archive.
    """
    with tempfile.TemporaryDirectory(prefix="edition-") as place:
        folder = Path(place)
        try:
            with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                _demand_harmless(path, entries)
                left = _MOST_OCTETS
                for entry in entries:
                    left -= _unpack(archive, entry, folder / _place(entry), left)
                    if left < 0:
                        raise _refused(path, N_("it unpacks to more than %(most)s MB"), most=_MOST_OCTETS // 10**6)
        except _FAULTS as error:
            raise _refused(path, _UNKNOWN) from error
        yield _edition(path, folder)


def _demand_harmless(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MOST_FILES:
        raise _refused(path, N_("it holds more than %(most)s files"), most=_MOST_FILES)
    if sum(entry.file_size for entry in entries) > _MOST_OCTETS:
        raise _refused(path, N_("it unpacks to more than %(most)s MB"), most=_MOST_OCTETS // 10**6)
    places = [_place(entry) for entry in entries]
    for entry, place in zip(entries, places, strict=True):
        if not place.parts or place.is_absolute() or ".." in place.parts or "\\" in entry.filename or ":" in str(place):
            raise _refused(path, N_("it holds a file that would lie outside its folder"))
        if entry.compress_type not in _PACKED:
            raise _refused(path, _UNKNOWN)
        if entry.flag_bits & 1:
            raise _refused(path, N_("it is locked with a password"))
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _refused(path, N_("it holds a link or a device"))
    if len({str(place).casefold() for place in places}) < len(places):
        raise _refused(path, N_("it holds two files of one name"))


def _place(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path, most: int) -> int:
    """Unpack one file, whatever size it says to have; how many octets it had, or one more than ``most``."""
    place.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(entry) as packed, place.open("wb") as file:
        while size <= most and (piece := packed.read(_PIECE)):
            size += len(piece)
            file.write(piece)
    return min(size, most + 1)


def _edition(path: Path, folder: Path) -> Path:
    """Where ``edition.yaml`` lies: at the top, or in the one folder that was packed."""
    found = [folder, *(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(("__", ".")))]
    for each in found:
        if (each / "edition.yaml").is_file():
            return each
    if (folder / "word" / "document.xml").is_file() or (folder / "content.xml").is_file():
        raise _refused(path, N_("it is a document of a word processor: save it as plain text or HTML first"))
    raise _refused(path, N_("there is no edition.yaml in it"))


def _refused(path: Path, why: str, **values: object) -> InvalidError:
    return InvalidError(N_("%(file)s is not taken: %(why)s."), file=path.name, why=Term(why, **values))
