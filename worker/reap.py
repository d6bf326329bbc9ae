"""Settling what dead workers held: by their journals at once, by their leases where there is none to read."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import cast

from sqlalchemy import ColumnElement, Row, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from mailer import log
from mailer.campaign.count import await_others
from mailer.db.types import now_in
from mailer.installation import Installation
from mailer.model import Attempt, Campaign, CampaignState, Delivery, DeliveryState
from mailer.model.delivery import among
from worker.claim import release
from worker.journal import Journal, Story, found_dead, journals
from worker.record import Tried, died, record, send_again
from worker.transport import Fate, Outcome

_S = DeliveryState
_REAPED_AT_ONCE = 1000
# Longer than an owner pauses between two tries to record.
_GRACE_SECONDS = 30.0
_TOLD = "told by the journal of a worker that died"


def reap(session: Session, lifetime: float, mine: Journal | None = None) -> Counter[str]:
    """Settle what is held beyond its lease; how many went where.

    It may have left, and is uncertain. Where the campaign's policy says so it goes again, marked as perhaps
    doubled, but a while later: after an outage longer than the lease its owner may be about to record what it knows.
    What is open in ``mine``, the journal of this living process, is its own to record. ``lifetime``:
    seconds after its first try for which a doubt may go again.
    """
    expired = session.execute(
        _held()
        .where(among([_S.SENDING]), Delivery.lease_until < now_in())
        .limit(_REAPED_AT_ONCE)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    theirs = [row for row in expired if mine is None or not mine.knows(row.claim)]
    return _settle(session, theirs, lifetime, resend=False) + _resend(session, lifetime)


def _resend(session: Session, lifetime: float) -> Counter[str]:
    """Send again what nobody has come back for; a claim that is still there is one whose owner never did."""
    forsaken = session.execute(
        _held()
        .where(
            among([_S.UNCERTAIN]),
            Delivery.claim.is_not(None),
            Delivery.settled_at < now_in(-_GRACE_SECONDS),
            ~exists().where(Attempt.delivery_id == Delivery.id, Attempt.at < now_in(-lifetime)),
            Campaign.uncertain_policy == "resend",
            Campaign.state != CampaignState.CANCELLED,
        )
        .limit(_REAPED_AT_ONCE)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    return Counter(resend=send_again(session, _tried(forsaken), lifetime))


def fold(session: Session, story: Story, lifetime: float) -> Counter[str]:
    """Settle a dead worker's rows by what its journal tells; how many went where.

    Those of its rows that were called uncertain meanwhile are settled too, where the journal knows
    better; those that an operator or another worker has taken since carry its claim no more.
    """
    mine = (
        _held()
        .where(_named(story.name))
        # Waited for, not passed over: the journal is removed when this is done.
        .with_for_update(of=Delivery)
    )
    known: dict[str, list[tuple[Tried, Outcome]]] = defaultdict(list)
    rest = []
    for row in session.execute(mine):
        fate, code = story.of(row.claim, row.id)
        if fate is None:
            rest.append(row)
        else:
            outcome = Outcome(fate, code, reply=_TOLD, after_body=fate is not Fate.UNSENT)
            known[row.claim].append((cast(Tried, row), outcome))
    went = Counter(outcome.fate.value for outcomes in known.values() for _, outcome in outcomes)
    for claim, outcomes in known.items():
        record(session, outcomes, claim, lifetime)
    held = [row for row in rest if row.state is _S.SENDING]
    return went + _settle(session, held, lifetime, resend=True)


def strays(session: Session, journal: Journal) -> int:
    """Hand back what is held in this living process's name under no claim that it has open; how many.

    So it is where the answer to a commit was lost: the database took a claim of which we heard
    nothing, and none of those was begun. What is in doubt by our own word carries no claim.
    """
    held = select(Delivery.claim).where(_named(journal.name)).distinct()
    # Asked after the rows were read: a claim is open before it takes any, and closed after its last is settled.
    stray = [token for token in session.scalars(held) if token and not journal.knows(token)]
    return sum(release(session, token) for token in stray)


def _named(journal: str) -> ColumnElement[bool]:
    """Whether a row is held, or is called uncertain, in the name of a journal's process."""
    claimed = Delivery.claim.startswith(f"{journal}-", autoescape=True)
    return or_(among([_S.SENDING]), among([_S.UNCERTAIN])) & claimed


def _held() -> Select[*tuple[object, ...]]:
    return select(
        Delivery.id,
        Delivery.state,
        Delivery.claim,
        Delivery.attempts,
        and_(Campaign.uncertain_policy == "resend", Campaign.state != CampaignState.CANCELLED).label("resend"),
    ).join(Campaign, Campaign.id == Delivery.campaign_id)


def _tried(rows: Sequence[Row[*tuple[object, ...]]]) -> list[Tried]:
    """What ``_held`` found, by the names that its columns have."""
    return cast("list[Tried]", list(rows))


def _settle(
    session: Session, rows: Sequence[Row[*tuple[object, ...]]], lifetime: float, *, resend: bool
) -> Counter[str]:
    uncertain, resent = died(session, _tried(rows), resend=resend, lifetime=lifetime)
    return Counter(uncertain=uncertain, resend=resent)


def fold_dead(house: Installation) -> None:
    """Fold the journals that dead workers left on this host, each in a transaction of its own."""
    mark = house.keys.fingerprint()
    for path in journals(house.settings.home):
        with found_dead(path, mark) as story:
            if story is not None:
                # The database may be about to commit what its process asked for last, which would not be seen yet.
                with house.database.write() as session:
                    await_others(session)
                with house.database.write() as session:
                    went = fold(session, story, house.settings.lifetime)
                if went.total():
                    log.logger().warning("journal.folded", journal=story.name, **went)
