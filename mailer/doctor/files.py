"""The data home, the key file, and the file of withdrawals: there, ours alone, with room to write."""

import os
import shutil
import stat
from pathlib import Path

from mailer import vault
from mailer.config import Settings
from mailer.doctor.check import Check, broken, failed, fine, look
from mailer.errors import MailerError
from mailer.i18n import N_
from mailer.vault import Vault

_MEGABYTE = 10**6
_LEAST_FREE = 50 * _MEGABYTE
_MUCH_FREE = 1000 * _MEGABYTE


def data(settings: Settings) -> list[Check]:
    """The data home, with how much more goes in, and the file of withdrawals."""
    place = settings.home
    if not place.is_dir():
        return [
            broken("home", place, N_("There is no data home here: begin with mailer init, or name it with MAILER_HOME"))
        ]
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return [broken("home", place, N_("We may not write here: give it to the account that runs Twinletter (chown)"))]
    return [_closed(place), _room(place), _withdrawals(settings.withdrawals)]


def keys(settings: Settings) -> tuple[Vault | None, Check]:
    """The key ring, if it can be used; how its file stands."""
    try:
        ring = vault.unlock(settings.key_file, settings.home)
    except MailerError as error:
        return None, failed("key_file", settings.key_file, error)
    return ring, fine("key_file", settings.key_file, N_("readable by its owner alone, and outside the data home"))


def _closed(place: Path) -> Check:
    if stat.S_IMODE(place.stat().st_mode) & 0o077:
        return look("home", place, N_("Others on this machine can look in: run chmod 700 on it"))
    return fine("home", place, N_("is ours alone, and can be written"))


def _room(place: Path) -> Check:
    free = shutil.disk_usage(place).free
    if free < _LEAST_FREE:
        return broken(
            "space",
            place,
            N_("Only %(free)s MB are free, and nothing is sent that cannot be written down: make room"),
            free=free // _MEGABYTE,
        )
    if free < _MUCH_FREE:
        return look(
            "space", place, N_("Only %(free)s MB are free: make room before a large campaign"), free=free // _MEGABYTE
        )
    return fine("space", place, N_("%(free)s MB are free"), free=free // _MEGABYTE)


def _withdrawals(file: Path) -> Check:
    """Where a reader's wish is put down before a page answers."""
    if os.access(file, os.W_OK) if file.is_file() else os.access(file.parent, os.W_OK) and not file.exists():
        return fine("withdrawals", file, N_("can be written"))
    return broken(
        "withdrawals",
        file,
        N_("It cannot be written, so nobody could unsubscribe: give it to the account that runs Twinletter"),
    )
