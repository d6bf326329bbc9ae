"""Postfix's two test programs, and whether this machine has them."""

import shutil
from pathlib import Path

from mailer.errors import MisconfiguredError
from mailer.i18n import N_

SINK, SOURCE = "smtp-sink", "smtp-source"
# Debian keeps them out of a person's PATH.
_SBIN = "/usr/sbin"


def program(name: str) -> str:
    """The path of one of them; MisconfiguredError where it is missing."""
    found = shutil.which(name) or shutil.which(name, path=_SBIN)
    if found is None:
        raise MisconfiguredError(
            N_("The bench needs %(program)s, which comes with Postfix: install that (Debian: apt install postfix)."),
            program=name,
        )
    return found


def demand() -> None:
    """Raise where something is missing, before anything is made."""
    if not Path("/proc/self").exists():
        raise MisconfiguredError(N_("The bench reads what processes cost from /proc, which only Linux has."))
    for name in (SINK, SOURCE):
        program(name)
