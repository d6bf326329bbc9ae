"""Replay: what the withdrawals file says and the database does not, because a backup was restored.

What the pages wrote into both changes nothing. Only this moves the mark of what was read: two
pages may commit in another order than they appended in.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import log
from mailer.db.upsert import insert
from mailer.errors import MisconfiguredError
from mailer.events import withdrawals
from mailer.events.unsubscribe import STATES, change
from mailer.events.withdrawals import Content, Entry, Kind
from mailer.i18n import N_
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

    Raises MisconfiguredError for a file that cannot be read, or is another one.
    """
    file, done = house.settings.withdrawals, Replayed()
    with house.database.read() as session:
        row = session.scalars(select(InstallationRow)).one()
    known = row.withdrawals_name is not None or not row.withdrawals_read
    if known and withdrawals.size(file) == row.withdrawals_read:
        return done
    with house.database.write() as session:
        row = session.scalars(select(InstallationRow).with_for_update()).one()
        before, content = row.withdrawals_read, withdrawals.read(file)
        continued = _continues(row, content, file)
        replaced = row.withdrawals_name is not None and not continued
        _apply(session, file, content, done, start=before if continued else 0, continued=continued)
        row.withdrawals_read, row.withdrawals_name = content.end, content.name
        row.withdrawals_digest = content.digest(content.end)
    if replaced:
        log.logger().warning("withdrawals.replaced", file=str(file), expected=before, found=content.end)
    if done.damaged:
        log.logger().warning("withdrawals.damaged", file=str(file), lines=done.damaged)
    if done.applied or done.unknown:
        log.logger().info("withdrawals.replayed", **asdict(done))
    return done


def _continues(row: InstallationRow, content: Content, file: Path) -> bool:
    """Whether the file begins with what was read of it, to the octet; if not, it is read anew.

    That is so for the first one, for an older copy of the same one, and for one that says whose
    place it takes. Another host's or a lost one is an error: MisconfiguredError.
    """
    name = row.withdrawals_name
    if name is None:
        return False
    if row.withdrawals_digest == content.digest(row.withdrawals_read):
        return True
    if content.name != name and not content.instead_of(name):
        raise MisconfiguredError(
            N_(
                "%(path)s is not the withdrawals file that this database knows, or is empty: all hosts need the same"
                " one, so name that with MAILER_WITHDRAWALS_FILE. If it is lost for good, let a new one begin with"
                " the line: instead of %(name)s"
            ),
            path=file,
            name=name,
        )
    return False


def _apply(session: Session, file: Path, content: Content, done: Replayed, *, start: int, continued: bool) -> None:
    entries, done.damaged = content.entries(start)
    last = {entry.key: entry for entry in entries if entry.kind in STATES}
    # A file that is read anew may lack a later withdrawal, so it may take people off the list only.
    wishes = [entry for entry in last.values() if entry.kind is Kind.WITHDRAW or continued]
    for first in range(0, len(wishes), _BATCH):
        some = wishes[first : first + _BATCH]
        rows = _locked(session, some)
        # While we waited for their rows, people may have changed their minds once more: the next replay's.
        later = {entry.key for entry in withdrawals.read(file, content.end).entries()[0]}
        for entry in some:
            if entry.key not in later:
                _settle(session, rows.get(entry.key), entry, done)
    for entry in entries:
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
