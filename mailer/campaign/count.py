"""Counts of a campaign's deliveries: moved with the rows, written last in their transaction, and proved."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from mailer import log
from mailer.db.engine import at_end
from mailer.db.upsert import insert, once
from mailer.model import Campaign, CampaignState, Count, Delivery, DeliveryState
from mailer.model.delivery import OPEN, among

Group = tuple[int, int, str]
"""Campaign, variant, provider."""

_KEY = ("campaign_id", "variant_id", "provider", "state")


def move(session: Session, groups: Iterable[Group], before: DeliveryState, after: DeliveryState) -> None:
    """Note that a delivery of each of ``groups`` went from one state to another.

    What a unit of work notes is written when it ends, in one order for all: two of them never
    wait for each other in a ring, and the few rows that all workers change are held for a moment only.
    """
    changes = _gathered(session)
    for group, n in Counter(groups).items():
        changes[*group, before] -= n
        changes[*group, after] += n


def _gathered(session: Session) -> Counter[tuple[int, int, str, DeliveryState]]:
    if "counts" not in session.info:
        session.info["counts"] = Counter()
        at_end(session, write)
    changes: Counter[tuple[int, int, str, DeliveryState]] = session.info["counts"]
    return changes


def write(session: Session) -> None:
    """Write what was noted so far; for whoever reads counts in the unit of work that changes them."""
    changes = _gathered(session)
    lines = [dict(zip((*_KEY, "n"), (*key, n), strict=True)) for key, n in sorted(changes.items()) if n]
    changes.clear()
    if lines:
        session.execute(_adding(session), lines)


@once
def _adding(session: Session) -> Any:
    statement = insert(session, Count)
    return statement.on_conflict_do_update(index_elements=_KEY, set_={"n": Count.n + statement.excluded.n})


def await_others(session: Session) -> None:
    """Wait for all units of work that are changing the counts of what is being sent: each does at its end.

    In the order in which they are written, so that nobody waits for anybody in a ring.
    """
    sending = (
        select(Count.n).join(Campaign, Campaign.id == Count.campaign_id).order_by(*(getattr(Count, k) for k in _KEY))
    )
    session.execute(sending.where(Campaign.state == CampaignState.SENDING).with_for_update(of=Count)).all()


def hollow(session: Session) -> list[int]:
    """The campaigns being sent whose counts tell of open deliveries of a kind of which there is none.

    One look at an index for each count, so that it may be asked often; a count that is only too
    high is found when the last of its rows is gone.
    """

    def none(*states: DeliveryState) -> ColumnElement[bool]:
        mine = (Delivery.campaign_id == Count.campaign_id, Delivery.provider == Count.provider)
        return Count.state.in_(states) & ~exists().where(*mine, among(states))

    found = (
        select(Count.campaign_id)
        .join(Campaign, Campaign.id == Count.campaign_id)
        .where(Campaign.state == CampaignState.SENDING, Count.n > 0)
        .where(or_(*map(none, OPEN)))
        .distinct()
    )
    return list(session.scalars(found))


def reconcile(session: Session, campaign_id: int) -> int:
    """Count a campaign's rows and mend its counts; by how many they were wrong, 0 where they were right.

    One statement sees rows and counts of one moment, and what is mended is the difference: so
    workers may go on meanwhile. The campaign's row is locked, so that two never mend the same. Of one that is
    collapsed counts are all there is, and right.
    """
    mine = select(Campaign.id).where(Campaign.id == campaign_id, Campaign.collapsed_at.is_(None))
    if session.scalar(mine.with_for_update(of=Campaign)) is None:
        return 0
    groups = (Delivery.campaign_id, Delivery.variant_id, Delivery.provider, Delivery.state)
    counted = select(*groups, func.count().label("n")).where(Delivery.campaign_id == campaign_id).group_by(*groups)
    kept = select(*(getattr(Count, name) for name in _KEY), -Count.n).where(Count.campaign_id == campaign_id)
    both = counted.union_all(kept).subquery()
    difference = select(*(both.c[name] for name in _KEY), func.sum(both.c.n)).group_by(*(both.c[name] for name in _KEY))
    wrong = {tuple(key): int(n) for *key, n in session.execute(difference) if n}
    if wrong:
        log.logger().error("counts.mended", campaign=campaign_id, wrong=len(wrong))
        _gathered(session).update(wrong)
    return sum(abs(n) for n in wrong.values())
