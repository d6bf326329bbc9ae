"""Whose certificates are trusted: the system's authorities, or those of a file."""

import ssl
from functools import lru_cache
from pathlib import Path

from mailer.errors import MisconfiguredError
from mailer.i18n import N_


def context(ca_file: str = "", *, verified: bool = True) -> ssl.SSLContext:
    """What a line is encrypted with; not ``verified``: whoever is there. ``ca_file``: trusted instead of the system's.

    A file that is written anew is read anew. Raises MisconfiguredError where it cannot be read.
    """
    file = ca_file or ssl.get_default_verify_paths().cafile or ""
    try:
        return _made(ca_file, verified, _stamp(file))
    except OSError as error:
        raise MisconfiguredError(
            N_("The certificates to trust (--ca-file) cannot be read: %(why)s. Add the route anew"),
            why=f"{file}: {error.strerror or error}",
        ) from None


def _stamp(file: str) -> tuple[int, int]:
    """What is another one once a file was changed, or put in another's place."""
    if not file:
        return 0, 0
    found = Path(file).stat()
    return found.st_ino, found.st_mtime_ns


@lru_cache(maxsize=16)
def _made(ca_file: str, verified: bool, _as_of: tuple[int, int]) -> ssl.SSLContext:  # noqa: FBT001 — positional for the cache
    """Kept: reading the system's authorities takes some ten milliseconds."""
    made = ssl.create_default_context(cafile=ca_file or None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verified:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made
