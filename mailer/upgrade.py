"""Upgrading: sending paused, a backup made, the schema migrated, sending resumed.

What was paused stands in the campaigns' own record, so that an upgrade that was broken off is
finished by asking for it again. Of the tables only what every schema has is used here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import JSON, RowMapping, column, func, insert, select, table, update
from sqlalchemy.orm import Session

from mailer import clock, lock
from mailer.config import environment
from mailer.db import Database, schema
from mailer.db.backup import backup
from mailer.db.types import Instant
from mailer.errors import RefusedError
from mailer.i18n import N_
from mailer.installation import Installation

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 10.0
_LOCK = int.from_bytes(b"upgrade!")
"""PostgreSQL's name for our lock, within one database."""

_campaign = table("campaign", column("id"), column("state"))
_delivery = table("delivery", column("state"))
_audit = table(
    "audit_entry",
    column("id"),
    column("at", Instant()),
    column("name"),
    column("action"),
    column("subject"),
    column("detail", JSON()),
)
_PROGRAM = "twinletter"
_DETAIL = {"why": "upgrade"}
# What sends, or would begin to by itself: what it is meanwhile, and what goes on record.
_ASIDE = {"sending": ("paused", "campaign.pause"), "scheduled": ("held", "campaign.hold")}

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
    database = house.database
    with _alone(database):
        before = schema.found(database)
        if before == schema.newest():
            return Upgraded(before, before, None, _resume(database))
        paused: list[int] = []
        try:
            with database.write() as session:
                _pause(session)
            tell(N_("Sending is paused; waiting for what is on the wire."))
            _wait(house, tell)
            copy = None
            if with_backup:
                stem = house.settings.home / "backups" / f"{before}-{clock.now():%Y%m%dT%H%M%S}"
                copy = backup(database, stem, environment(house.settings))
                tell(N_("Backup: %(path)s"), path=copy)
            with database.rebuild() as session:
                # Somebody may have started a campaign meanwhile, by the older program.
                _pause(session)
                schema.migrate(session)
            tell(N_("The schema is %(after)s now; it was %(before)s."), before=before, after=schema.newest())
        finally:
            paused += _resume(database)
    return Upgraded(before, schema.newest(), copy, paused)


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Keep every other upgrade from this database, wherever it runs."""
    if database.kind == "sqlite":
        held = lock.take(Path(database.engine.url.database or "").with_name("upgrade.lock"))
        if held is None:
            raise _another()
        with held:
            yield
        return
    with database.read() as session:
        # The server lets go of it when this connection ends, so it may not go back to the pool.
        connection = session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        connection.detach()
        if not connection.scalar(select(func.pg_try_advisory_lock(_LOCK))):
            raise _another()
        yield
        # The server would notice that the connection is closed, but only a moment later.
        connection.scalar(select(func.pg_advisory_unlock(_LOCK)))


def _another() -> RefusedError:
    return RefusedError(N_("Another mailer upgrade of this database is at work: wait for it."))


def _pause(session: Session) -> None:
    """Have nothing sent, and nothing begun; on record in the same transaction."""
    # Locked first: what is just being started is seen as it will be.
    wanted = select(_campaign).where(_campaign.c.state.in_(_ASIDE)).order_by(_campaign.c.id).with_for_update()
    for row in session.execute(wanted).mappings().all():
        aside, action = _ASIDE[row["state"]]
        _step(session, row, aside, action)


def _resume(database: Database) -> list[int]:
    """Have everything as it was that nobody has touched since an upgrade paused it; the campaigns' numbers."""
    resumed = []
    with database.write() as session:
        for before, (aside, action) in _ASIDE.items():
            wanted = select(_campaign).where(_campaign.c.state == aside).order_by(_campaign.c.id).with_for_update()
            for row in session.execute(wanted).mappings().all():
                if _last_act(session, row) == (_PROGRAM, action, _DETAIL):
                    _step(session, row, before, "campaign.resume")
                    resumed.append(row["id"])
    return sorted(resumed)


def _step(session: Session, row: RowMapping, state: str, action: str) -> None:
    session.execute(update(_campaign).where(_campaign.c.id == row["id"]).values(state=state))
    entry = {"at": clock.now(), "name": _PROGRAM, "action": action, "subject": str(row["id"]), "detail": _DETAIL}
    session.execute(insert(_audit).values(entry))


def _last_act(session: Session, row: RowMapping) -> tuple[str, str, object] | None:
    """Who did what with a campaign last."""
    acts = (
        select(_audit.c.name, _audit.c.action, _audit.c.detail)
        .where(_audit.c.subject == str(row["id"]), _audit.c.action.startswith("campaign."))
        .order_by(_audit.c.id.desc())
        .limit(1)
    )
    found = session.execute(acts).one_or_none()
    return tuple(found) if found else None


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
