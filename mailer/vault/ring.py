"""The key file: made once, read at every start, refused where others could read it too."""

import base64
import json
import os
import secrets
import stat
from pathlib import Path

from mailer.errors import MisconfiguredError
from mailer.i18n import N_
from mailer.vault import dkim
from mailer.vault.seal import FORMAT
from mailer.vault.vault import Vault


def create(path: Path, home: Path, dkim_domain: str | None = None) -> Vault:
    """Write a new key file at ``path`` (mode 0600) and unlock it. Never overwrites one; where it fails none is left.

    With ``dkim_domain`` it holds a key that signs that domain's mails.
    """
    if _inside(path, home):
        raise _inside_home(path)
    fresh = base64.b64encode
    ring: dict[str, object] = {
        "format": FORMAT,
        "installation": secrets.token_hex(8),
        "wrapping": {"1": fresh(secrets.token_bytes(32)).decode()},
        "root": fresh(secrets.token_bytes(32)).decode(),
        "dkim": [dkim.new(dkim_domain)] if dkim_domain else [],
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise MisconfiguredError(
            N_(
                "The key file %(path)s exists already, and another database may need it:"
                " move it, or name another with MAILER_KEY_FILE."
            ),
            path=path,
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(ring, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        # Half a key file would only stand in the way of a whole one.
        path.unlink()
        if isinstance(error, OSError):
            raise _unwritable(path, error) from None
        raise
    return Vault(ring)


def unlock(path: Path, home: Path) -> Vault:
    """Read the key file, refusing one that others can read or that lies beside the data it opens."""
    if _inside(path, home):
        raise _inside_home(path)
    try:
        mode = path.stat().st_mode
        text = path.read_bytes() if stat.S_ISREG(mode) else None
    except FileNotFoundError:
        raise MisconfiguredError(
            N_(
                "There is no key file at %(path)s: put it back, or say where it lies with MAILER_KEY_FILE."
                " A new installation begins with mailer init."
            ),
            path=path,
        ) from None
    except OSError as error:
        raise MisconfiguredError(
            N_("The key file %(path)s cannot be read: %(why)s."), path=path, why=error.strerror
        ) from None
    if text is None:
        raise MisconfiguredError(
            N_("The key file %(path)s is not a file: say where it lies with MAILER_KEY_FILE."), path=path
        )
    if stat.S_IMODE(mode) & 0o077:
        raise MisconfiguredError(
            N_("Others can read the key file %(path)s: run chmod 600 on it, and think of who may have it."), path=path
        )
    try:
        return Vault(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise MisconfiguredError(
            N_("The key file %(path)s is damaged: restore it from its backup."), path=path
        ) from None


def _inside(path: Path, home: Path) -> bool:
    return path.resolve().is_relative_to(home.resolve())


def _inside_home(path: Path) -> MisconfiguredError:
    return MisconfiguredError(
        N_(
            "The key file %(path)s lies inside the data home: move it out,"
            " so that whoever takes the data does not get the key as well."
        ),
        path=path,
    )


def _unwritable(path: Path, error: OSError) -> MisconfiguredError:
    return MisconfiguredError(N_("The key file %(path)s cannot be written: %(why)s."), path=path, why=error.strerror)
