"""A lock file: held by one living process, and let go by the system however that ends."""

import fcntl
from pathlib import Path
from typing import TextIO

from mailer.errors import MisconfiguredError
from mailer.i18n import N_


def take(path: Path) -> TextIO | None:
    """Hold the lock at ``path`` for as long as the file that is returned is open; ``None`` where another holds it.

    A record lock (fcntl(2)), not flock(2): children do not inherit it, so that it goes with this
    process even when they outlive it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.close()
            return None
    except OSError as error:
        raise MisconfiguredError(
            N_("The lock file %(path)s cannot be used: %(why)s."), path=path, why=error.strerror
        ) from None
    return file
