"""Upgrading: sending paused, a backup made, the schema migrated, sending resumed.

What was paused is remembered in a file, so that an upgrade that was broken off is finished by
asking for it again. Of the tables only what every schema has is used here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sqlalchemy import column, func, select, table, update

from mailer import clock, lock
from mailer.config import environment
from mailer.db import Database, schema
from mailer.db.backup import backup
from mailer.errors import MisconfiguredError, RefusedError
from mailer.i18n import N_
from mailer.installation import Installation

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 10.0

_campaign = table("campaign", column("id"), column("state"))
_delivery = table("delivery", column("state"))

Tell = Callable[..., None]
"""Told of each stage: a message of the catalogue and its values."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """From which schema to which, the backup, and the campaigns that were paused meanwhile."""

    before: str
    after: str
    backup: Path | None
    paused: list[int]


def upgrade(house: Installation, tell: Tell, *, with_backup: bool = True) -> Upgraded:
    """Bring an installation's database to this program's schema.

    Raises RefusedError where another upgrade is at work, UnavailableError where the backup
    cannot be made; a migration that fails changes nothing. In each case sending is resumed.
    """
    home, database = house.settings.home, house.database
    with _alone(home):
        before = schema.found(database)
        if before == schema.newest():
            return Upgraded(before, before, None, _resume(database, home))
        paused = _pause(database, home)
        try:
            tell(N_("Sending is paused; waiting for what is on the wire."))
            _wait(house, tell)
            copy = None
            if with_backup:
                stem = home / "backups" / f"{before}-{clock.now():%Y%m%dT%H%M%S}"
                copy = backup(database, stem, environment(house.settings))
                tell(N_("Backup: %(path)s"), path=copy)
            schema.upgrade(database)
            tell(N_("The schema is %(after)s now; it was %(before)s."), before=before, after=schema.newest())
        finally:
            _resume(database, home)
    return Upgraded(before, schema.newest(), copy, paused)


def _alone(home: Path) -> TextIO:
    held = lock.take(home / "upgrade.lock")
    if held is None:
        raise RefusedError(N_("Another mailer upgrade is at work in %(home)s: wait for it."), home=home)
    return held


def _memory(home: Path) -> Path:
    return home / "upgrade.json"


def _pause(database: Database, home: Path) -> list[int]:
    """Pause what is being sent, and remember what that was; what an earlier try paused, too."""
    with database.write() as session:
        sending = session.scalars(select(_campaign.c.id).where(_campaign.c.state == "sending")).all()
        numbers = sorted({*sending, *_remembered(home)})
        _memory(home).write_text(json.dumps(numbers))
        session.execute(update(_campaign).where(_campaign.c.id.in_(sending)).values(state="paused"))
    return numbers


def _remembered(home: Path) -> list[int]:
    try:
        return [int(number) for number in json.loads(_memory(home).read_text())]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError):
        raise MisconfiguredError(
            N_("%(path)s is damaged: remove it, and resume the paused campaigns yourself."), path=_memory(home)
        ) from None


def _resume(database: Database, home: Path) -> list[int]:
    numbers = _remembered(home)
    if numbers:
        with database.write() as session:
            paused = (_campaign.c.id.in_(numbers), _campaign.c.state == "paused")
            session.execute(update(_campaign).where(*paused).values(state="sending"))
    _memory(home).unlink(missing_ok=True)
    return numbers


def _wait(house: Installation, tell: Tell) -> None:
    """Until nobody has anything in hand; what a dead worker holds is settled by its lease, under either schema."""
    until = clock.monotonic() + house.settings.smtp_timeout + _GRACE_SECONDS
    while held := _held(house.database):
        if clock.monotonic() > until:
            tell(N_("%(n)s deliveries are held by workers that do not answer: they will be settled later."), n=held)
            return
        clock.sleep(_POLL_SECONDS)


def _held(database: Database) -> int:
    with database.read() as session:
        held = select(func.count()).select_from(_delivery).where(_delivery.c.state.in_(("claimed", "sending")))
        return session.scalar(held) or 0
