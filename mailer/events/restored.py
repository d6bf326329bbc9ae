"""A restored database: known by its age, brought up to date, and its campaigns held until a person looks.

Each round of a worker leaves the same moment in the database and then in a file beside the
withdrawals. A backup that is put back is older than that file.
"""

import os
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer import log
from mailer.campaign.campaign import hold
from mailer.config import Settings
from mailer.db import Database
from mailer.db.types import now_in
from mailer.events.replay import Replayed, replay
from mailer.installation import Installation
from mailer.model import Campaign, CampaignState
from mailer.model import Installation as InstallationRow
from mailer.model.campaign import CAMPAIGN_STEPS

_EVERY = timedelta(seconds=5)
_STEP = timedelta(seconds=1)
_PROGRAM = "twinletter"
# Paused and finished campaigns send nothing.
_HELD_FROM = [before for before, after in CAMPAIGN_STEPS.items() if CampaignState.HELD in after]


def catch_up(house: Installation) -> Replayed:
    """Before a page or a worker begins, and in each round: hold what a restored backup would send, then replay.

    Held first: that is right even where the file then cannot be read, or is another (MisconfiguredError).
    """
    last = _last_seen(house.settings)
    if last is not None:
        # The file was read before the database, which is always ahead of it, whoever is at work.
        with house.database.read() as session:
            old = _older(_seen_at(session), last)
        if old:
            _hold_all(house.database, last)
    return replay(house)


def seen(database: Database, settings: Settings) -> None:
    """Leave this moment in the database, at most every few seconds, and then in the file."""
    last = _last_seen(settings)
    with database.read() as session:
        before, now = _seen_at(session), session.scalars(select(now_in())).one()
    if last is not None and _older(before, last):
        # Restored a moment ago: to be caught up with, not to be covered up.
        return
    moment = before
    if before is None or not before <= now < before + _EVERY:
        # It only ever grows, even where the clock was put back: else a file of an hour ago would look like the future.
        later = now if before is None or now > before else before + _STEP
        with database.write() as session:
            moment = session.scalar(
                update(InstallationRow)
                .where(InstallationRow.seen_at.is_not_distinct_from(before))
                .values(seen_at=later)
                .returning(InstallationRow.seen_at)
                .execution_options(synchronize_session=False)
            )
    if moment is not None and moment != last:
        _write(_file(settings), moment)


def _seen_at(session: Session) -> datetime | None:
    return session.scalars(select(InstallationRow.seen_at)).one()


def _older(seen_at: datetime | None, last: datetime) -> bool:
    return seen_at is None or seen_at < last


def _hold_all(database: Database, last: datetime) -> None:
    with database.write() as session:
        row = session.scalars(select(InstallationRow).with_for_update()).one()
        if not _older(row.seen_at, last):
            return  # another process was first
        found = row.seen_at
        row.seen_at = max(last, session.scalars(select(now_in())).one())
        campaigns = session.scalars(
            select(Campaign).where(Campaign.state.in_(_HELD_FROM)).order_by(Campaign.id).with_for_update(of=Campaign)
        ).all()
        for campaign in campaigns:
            hold(session, campaign, _PROGRAM, "restored")
    log.logger().warning(
        "database.restored",
        newest=str(found),
        expected=str(last),
        held=[campaign.id for campaign in campaigns],
        advice="what was sent since is not in this database; look, then let a campaign go on: mailer campaign resume N",
    )


def _file(settings: Settings) -> Path:
    file = settings.withdrawals
    return file.with_name(f"{file.name}.seen")


def _last_seen(settings: Settings) -> datetime | None:
    """The moment in the file; none where there is no file, or no moment in it."""
    try:
        moment = datetime.fromisoformat(_file(settings).read_text("ascii"))
    except (OSError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _write(file: Path, moment: datetime) -> None:
    """Replace the file as a whole. Where that fails the work goes on: only a restored backup may go unnoticed."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
        new = Path(name)
        try:
            with os.fdopen(descriptor, "w") as opened:
                opened.write(moment.isoformat())
                opened.flush()
                os.fsync(descriptor)
            new.replace(file)
        except OSError:
            with suppress(OSError):
                new.unlink()
            raise
    except OSError as error:
        log.logger().error("seen.unwritable", file=str(file), why=error.strerror)
