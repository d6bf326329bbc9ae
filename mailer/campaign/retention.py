"""Retention: what is left of a campaign that ended long ago. A ledger is also a record of who reads what.

First its book is closed in one transaction: from then on figures and reasons are read from counts
alone, and nothing of it changes any more. Then its deliveries go, some at a time.
"""

from collections.abc import Sequence

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from mailer.campaign import count, departure
from mailer.campaign.reason import commonest
from mailer.db.rows import one_of
from mailer.db.types import now_in
from mailer.model import (
    Attempt,
    Campaign,
    CampaignState,
    Count,
    Delivery,
    DeliveryState,
    Event,
    Reason,
    Recipient,
    Variant,
)
from mailer.model.delivery import OPEN, among

_AT_ONCE = 1000
_DAY = 86400
_ENDED = (CampaignState.FINISHED, CampaignState.CANCELLED)
_STILL_OPEN = exists().where(Count.campaign_id == Campaign.id, Count.state.in_(OPEN), Count.n > 0)


def collapse(session: Session, days: int) -> int | None:
    """Close the book of one campaign that finished ``days`` ago; its number, or None.

    One that was cancelled counts from its start: when it was cancelled stands on record alone. Doubts
    that nobody has settled by now stay counted as uncertain, and can be settled no more. Of a test
    nothing stays but its line on record.
    """
    found = session.execute(
        select(Campaign.id, Campaign.test)
        .where(
            Campaign.state.in_(_ENDED),
            Campaign.collapsed_at.is_(None),
            func.coalesce(Campaign.finished_at, Campaign.started_at) < now_in(-days * _DAY),
            ~_STILL_OPEN,
        )
        .order_by(Campaign.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Campaign)
    ).one_or_none()
    if found is None:
        return None
    campaign = found.id
    # The only ones that can still change. Whoever is just settling some is waited for; it may have reopened this.
    doubts = select(Delivery.id).where(Delivery.campaign_id == campaign, among([DeliveryState.UNCERTAIN]))
    uncertain = session.scalars(doubts.order_by(Delivery.id).with_for_update()).all()
    count.reconcile(session, campaign)
    count.write(session)
    close = update(Campaign).where(Campaign.id == campaign, ~_STILL_OPEN).values(collapsed_at=now_in())
    if not session.scalars(close.returning(Campaign.id).execution_options(synchronize_session=False)).all():
        return None
    if found.test:
        _remove(session, campaign)
    else:
        session.execute(insert(Reason).from_select(["campaign_id", "reason", "n"], commonest(campaign)))
        _delete(session, uncertain)
    return int(campaign)


def clear(session: Session) -> int:
    """Delete some of what collapsed campaigns have left; how many deliveries, 0 when nothing is left.

    Departures of long ago go, too: there are few.
    """
    departure.clear(session)
    campaign = session.scalar(
        select(Campaign.id)
        .where(Campaign.collapsed_at.is_not(None), exists().where(Delivery.campaign_id == Campaign.id))
        .order_by(Campaign.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Campaign)
    )
    ids = session.scalars(select(Delivery.id).where(Delivery.campaign_id == campaign).limit(_AT_ONCE)).all()
    _delete(session, ids)
    return len(ids)


def _delete(session: Session, ids: Sequence[int]) -> None:
    """Deliveries with what belongs to them; events outlive them."""
    told = update(Event).where(one_of(session, Event.delivery_id, ids)).values(delivery_id=None)
    session.execute(told.execution_options(synchronize_session=False))
    for model, number in ((Attempt, Attempt.delivery_id), (Recipient, Recipient.delivery_id), (Delivery, Delivery.id)):
        gone = delete(model).where(one_of(session, number, ids))
        session.execute(gone.execution_options(synchronize_session=False))


def _remove(session: Session, test: int) -> None:
    """Delete a test whole: its one delivery, its count, what was rendered for it, and itself."""
    _delete(session, session.scalars(select(Delivery.id).where(Delivery.campaign_id == test)).all())
    gone = delete(Count).where(Count.campaign_id == test).returning(Count.variant_id)
    variants = session.scalars(gone.execution_options(synchronize_session=False)).all()
    session.execute(delete(Campaign).where(Campaign.id == test).execution_options(synchronize_session=False))
    mine = (Variant.id.in_(variants), Variant.approval.is_(None))
    session.execute(delete(Variant).where(*mine).execution_options(synchronize_session=False))


def forget(session: Session) -> int:
    """Erase the addresses of what is settled; of how many deliveries."""
    unsettled = (*OPEN, DeliveryState.UNCERTAIN)
    settled = select(Delivery.id).where(Delivery.id == Recipient.delivery_id, Delivery.state.not_in(unsettled))
    return len(session.execute(delete(Recipient).where(settled.exists()).returning(Recipient.delivery_id)).all())
