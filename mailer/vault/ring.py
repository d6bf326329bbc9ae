"""The key file: made once, read at every start, refused where others could read it too."""

import base64
import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from mailer import lock
from mailer.errors import MisconfiguredError, UnavailableError
from mailer.i18n import N_
from mailer.vault import dkim
from mailer.vault.rotation import Step
from mailer.vault.seal import FORMAT
from mailer.vault.vault import Vault


def create(path: Path, home: Path, first: Step = list) -> Vault:
    """Write a new key file at ``path`` (mode 0600) and unlock it. Never overwrites one; where it fails none is left.

    ``first`` gives the keys that sign mails, of which there are none yet.
    """
    if _inside(path, home):
        raise _inside_home(path)
    fresh = base64.b64encode
    ring: dict[str, object] = {
        "format": FORMAT,
        "installation": secrets.token_hex(8),
        "wrapping": {"1": fresh(secrets.token_bytes(32)).decode()},
        "root": fresh(secrets.token_bytes(32)).decode(),
        "dkim": [dkim.dump(key) for key in first([])],
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


def change(path: Path, home: Path, step: Step) -> Vault:
    """Take a step in the life of the keys that sign, in the file and at once; its mode and owner stay.

    Raises MisconfiguredError for a file that cannot be read or written, UnavailableError while somebody else
    changes it, and what ``step`` raises; then the file is as it was.
    """
    with _alone(home):
        ring, found = _read(path, home)
        changed = ring | {"dkim": [dkim.dump(key) for key in step(_vault(path, ring).dkim)]}
        try:
            _replace(path.resolve(), json.dumps(changed, indent=1).encode(), found)
        except OSError as error:
            raise MisconfiguredError(
                N_(
                    "The key file %(path)s cannot be changed: %(why)s. If a service manager provides it (a systemd"
                    " credential), change the file that it is made from: name that with MAILER_KEY_FILE."
                ),
                path=path,
                why=error.strerror,
            ) from None
    return _vault(path, changed)


def unlock(path: Path, home: Path) -> Vault:
    """Read the key file, refusing one that others can read or that lies beside the data it opens."""
    ring, _ = _read(path, home)
    return _vault(path, ring)


def _alone(home: Path) -> TextIO:
    """Keep others of this installation from changing the key file until what is returned is closed."""
    held = lock.take(home / "keys.lock")
    if held is None:
        raise UnavailableError(N_("Another command is changing the key file: try again when it has ended."))
    return held


def _read(path: Path, home: Path) -> tuple[dict[str, Any], os.stat_result]:
    """What the key file holds, and whose and how it is."""
    if _inside(path, home):
        raise _inside_home(path)
    try:
        found = path.stat()
        text = path.read_bytes() if stat.S_ISREG(found.st_mode) else None
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
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise MisconfiguredError(
            N_("Others can read the key file %(path)s: run chmod 600 on it, and think of who may have it."), path=path
        )
    try:
        ring = json.loads(text)
    except (ValueError, RecursionError):
        ring = None
    if not isinstance(ring, dict):
        raise _damaged(path)
    return ring, found


def _vault(path: Path, ring: dict[str, Any]) -> Vault:
    try:
        return Vault(ring)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged(path) from None


def _replace(path: Path, octets: bytes, like: os.stat_result) -> None:
    """Put another file in the place of one, whole or not at all, of the same owner and mode."""
    fresh = path.with_name(f".{path.name}.new")
    # One that a power cut has left behind; whoever changes the file is alone.
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchown(descriptor, like.st_uid, like.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
            file.write(octets)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Have what was renamed in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Some file systems know no such thing.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


def _damaged(path: Path) -> MisconfiguredError:
    return MisconfiguredError(N_("The key file %(path)s is damaged: restore it from its backup."), path=path)


def _unwritable(path: Path, error: OSError) -> MisconfiguredError:
    return MisconfiguredError(N_("The key file %(path)s cannot be written: %(why)s."), path=path, why=error.strerror)
