"""What a person hands in for an edition: a file or an address, perhaps with its language, and what it looks like."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mailer.compose.archive import is_archive
from mailer.compose.source import is_file, is_folder
from mailer.errors import InvalidError, WrongUsageError
from mailer.fetch import Fetched
from mailer.i18n import N_, is_tag

_ADDRESS = re.compile("https?://", re.IGNORECASE)
_LOOK = 4096
"""Octets at the beginning that show what a file is."""
_MOST_OCTETS = 20_000_000
_WORDPRESS = re.compile(rb"""xmlns:wp\s*=\s*["']http://wordpress\.org/export/""")
_FEED = re.compile(rb"<(rss|feed|rdf:RDF)[\s>]")
_PAGE = re.compile(rb"<(!doctype\s+html|html|head|body|article|p|div|h1)[\s>]", re.IGNORECASE)


class Kind(StrEnum):
    """What can be taken in."""

    FOLDER = "folder"
    ARCHIVE = "archive"
    PO = "po"
    FEED = "feed"
    WORDPRESS = "wordpress"
    PAGE = "page"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Given:
    """A thing handed in: where it lies, or what was fetched; ``language`` where a person named it."""

    kind: Kind
    name: str
    language: str | None
    path: Path | None
    fetched: Fetched | None

    @property
    def url(self) -> str:
        """Where it came from, after redirects; empty for a file."""
        return self.fetched.final if self.fetched else ""

    @property
    def charset(self) -> str:
        """The encoding that its server told, if any."""
        return self.fetched.charset if self.fetched else ""

    def octets(self) -> bytes:
        """What it holds. Raises InvalidError for a file that is too large or cannot be read."""
        return self.fetched.body if self.fetched else _read(self.file(), _MOST_OCTETS)

    def file(self) -> Path:
        """Where it lies. Raises WrongUsageError for what was fetched."""
        if self.path is None:
            raise WrongUsageError(N_("Save this as a file first, then name the file: it is not taken from the web."))
        return self.path


def given(word: str, fetch: Callable[[str], Fetched], kind: Kind | None = None) -> Given:
    """What ``word`` names: a path or an address, behind ``TAG=`` where its language is told.

    ``kind`` where a person says what it is. Raises WrongUsageError where there is nothing, and what ``fetch`` raises.
    """
    before, _, behind = word.partition("=")
    language, name = (before, behind) if is_tag(before) else (None, word)
    if _ADDRESS.match(name):
        fetched = fetch(name)
        return Given(kind or _kind(fetched.body[:_LOOK], ""), name, language, None, fetched)
    path = Path(name)
    if is_folder(path):
        return Given(kind or Kind.FOLDER, name, language, path, None)
    if not is_file(path):
        raise WrongUsageError(N_("There is no file or folder %(path)s, and it is no https:// address."), path=name)
    looks = Kind.ARCHIVE if is_archive(path) else _kind(_read(path), path.suffix.lower())
    return Given(kind or looks, name, language, path, None)


def _kind(start: bytes, suffix: str) -> Kind:
    """What a file is, by how it begins; a PO file and a plain text by what they are called."""
    if suffix == ".po":
        return Kind.PO
    if _WORDPRESS.search(start):
        return Kind.WORDPRESS
    if _FEED.search(start):
        return Kind.FEED
    return Kind.PAGE if _PAGE.search(start) and suffix not in {".txt", ".md"} else Kind.TEXT


def _read(path: Path, most: int | None = None) -> bytes:
    """A file's octets, or without ``most`` its beginning."""
    try:
        with path.open("rb") as file:
            octets = file.read(_LOOK if most is None else most + 1)
    except OSError as error:
        raise InvalidError(N_("%(file)s cannot be read: %(why)s."), file=path.name, why=error.strerror) from None
    if most is not None and len(octets) > most:
        raise InvalidError(N_("%(file)s is larger than %(most)s MB."), file=path.name, most=most // 10**6)
    return octets
