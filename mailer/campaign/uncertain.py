"""Doubt and its settling: what may have been sent or not, until a person says what to make of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.campaign.ledger import transition
from mailer.db import Database
from mailer.model import AuditEntry, Campaign, CampaignState, Count, Delivery, DeliveryState
from mailer.model.delivery import among

_S = DeliveryState
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Doubt:
    """An uncertain delivery; nothing of the person but the provider."""

    id: int
    campaign_id: int
    provider: str
    since: datetime | None
    reason: str | None


def doubts(session: Session, campaign_id: int | None, most: int) -> list[Doubt]:
    """The uncertain deliveries of one campaign or of all, the first ``most`` of them."""
    rows = session.execute(_uncertain(campaign_id).limit(most))
    return [Doubt(row.id, row.campaign_id, row.provider, row.settled_at, row.reason) for row in rows]


def total(session: Session, campaign_id: int | None, after: DeliveryState = _S.SENT) -> int:
    """How many of them can still be settled so, by the counts: of a cancelled campaign nothing is sent again."""
    counted = (
        select(func.coalesce(func.sum(Count.n), 0))
        .join(Campaign, Campaign.id == Count.campaign_id)
        .where(Count.state == _S.UNCERTAIN, Campaign.collapsed_at.is_(None))
    )
    if after is _S.PENDING:
        counted = counted.where(Campaign.state != CampaignState.CANCELLED)
    return int(session.scalar(counted if campaign_id is None else counted.where(Count.campaign_id == campaign_id)) or 0)


def settle(database: Database, campaign_id: int | None, after: DeliveryState, by: str) -> Iterator[int]:
    """Settle doubts as *pending* (sent again, marked as perhaps doubled) or *sent* (counted as sent).

    In batches, a transaction each; yields how many are settled so far. What the ledger knew of
    each stays in its attempts, and who decided goes on record.
    """
    done = 0
    last = 0
    while True:
        with database.write() as session:
            batch = _uncertain(campaign_id).where(Delivery.id > last).limit(_AT_ONCE)
            if after is _S.PENDING:
                # A doubt of those stays one.
                batch = batch.join(Campaign, Campaign.id == Delivery.campaign_id).where(
                    Campaign.state != CampaignState.CANCELLED
                )
            ids = [row.id for row in session.execute(batch.with_for_update(skip_locked=True, of=Delivery))]
            if not ids:
                return
            values = {"maybe_doubled": True, "next_at": None} if after is _S.PENDING else {"reason": "counted as sent"}
            moved = transition(session, _S.UNCERTAIN, after, ids, **values)
            detail = {"deliveries": len(moved), "as": after.value}
            subject = "all" if campaign_id is None else str(campaign_id)
            session.add(AuditEntry(at=clock.now(), name=by, action="queue.settle", subject=subject, detail=detail))
        done, last = done + len(moved), ids[-1]
        yield done


def _uncertain(campaign_id: int | None) -> Select[int, int, str, datetime | None, str | None]:
    columns = (Delivery.id, Delivery.campaign_id, Delivery.provider, Delivery.settled_at, Delivery.reason)
    rows = select(*columns).where(among([_S.UNCERTAIN])).order_by(Delivery.id)
    return rows if campaign_id is None else rows.where(Delivery.campaign_id == campaign_id)
