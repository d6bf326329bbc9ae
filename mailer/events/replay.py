"""Replay: what the withdrawals file says and the database does not, because a backup was restored.

What the pages wrote into both changes nothing. Only this moves ``withdrawals_read``: two pages
may commit in another order than they appended in.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import log
from mailer.db.upsert import insert
from mailer.events import withdrawals
from mailer.events.unsubscribe import STATES, change
from mailer.events.withdrawals import Entry, Kind, Tail
from mailer.installation import Installation
from mailer.model import Installation as InstallationRow
from mailer.model import Subscriber, Subscription, SubscriptionState, Suppression

_BATCH = 500
_REASON = "withdrawals file"


@dataclass(slots=True)
class Replayed:
    """How many entries were applied, were older than what is in force, meant nobody we know, were damaged."""

    applied: int = 0
    outdated: int = 0
    unknown: int = 0
    damaged: int = 0


def replay(house: Installation) -> Replayed:
    """Bring the database up to the withdrawals file; cheap where it is.

    Raises MisconfiguredError for a file that cannot be read.
    """
    file, done = house.settings.withdrawals, Replayed()
    with house.database.read() as session:
        read = session.scalars(select(InstallationRow.withdrawals_read)).one()
    if withdrawals.size(file) == read:
        return done
    with house.database.write() as session:
        row = session.scalars(select(InstallationRow).with_for_update()).one()
        tail = withdrawals.read(file, row.withdrawals_read)
        _apply(session, file, tail, done)
        row.withdrawals_read = tail.end
    if tail.replaced:
        log.logger().warning("withdrawals.replaced", file=str(file), expected=read, found=tail.end)
    if done.damaged:
        log.logger().warning("withdrawals.damaged", file=str(file), lines=done.damaged)
    if done.applied or done.unknown:
        log.logger().info("withdrawals.replayed", **asdict(done))
    return done


def _apply(session: Session, file: Path, tail: Tail, done: Replayed) -> None:
    done.damaged = tail.damaged
    last = {entry.key: entry for entry in tail.entries if entry.kind in STATES}
    # A file that was put back may lack a later withdrawal, so it may take people off the list only.
    wishes = [entry for entry in last.values() if entry.kind is Kind.WITHDRAW or not tail.replaced]
    for start in range(0, len(wishes), _BATCH):
        some = wishes[start : start + _BATCH]
        rows = _locked(session, some)
        # While we waited for their rows, people may have changed their minds once more: the next replay's.
        later = {entry.key for entry in withdrawals.read(file, tail.end).entries}
        for entry in some:
            if entry.key not in later:
                _settle(session, rows.get(entry.key), entry, done)
    for entry in tail.entries:
        # Erasing has no room of its own yet: nobody writes such a line.
        if entry.kind is Kind.SUPPRESS:
            _suppress(session, entry, done)


def _locked(session: Session, wishes: Sequence[Entry]) -> dict[tuple[bytes, int | None], Subscription]:
    """The subscriptions meant, once every page that has appended to the file for one of them has committed."""
    found = session.execute(
        select(Subscriber.address_index, Subscription)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscriber.address_index.in_([entry.address_index for entry in wishes]))
        .order_by(Subscription.id)
        .with_for_update(of=Subscription)
    )
    return {(address_index, row.topic_id): row for address_index, row in found}


def _settle(session: Session, row: Subscription | None, entry: Entry, done: Replayed) -> None:
    if row is None:
        done.unknown += 1
    elif _outdated(row, entry):
        done.outdated += 1
    elif row.state is not STATES[entry.kind]:
        change(session, row, STATES[entry.kind], entry.hour)
        done.applied += 1


def _outdated(row: Subscription, entry: Entry) -> bool:
    """Whether the person consented, or withdrew, again since."""
    withdrawn = row.state is SubscriptionState.WITHDRAWN and row.withdrawn_at
    return row.consent_at > entry.hour or bool(withdrawn and withdrawn > entry.hour)


def _suppress(session: Session, entry: Entry, done: Replayed) -> None:
    added = session.execute(
        insert(session, Suppression)
        .values(address_index=entry.address_index, reason=_REASON, at=entry.hour)
        .on_conflict_do_nothing()
        .returning(Suppression.address_index)
    )
    done.applied += len(added.all())
