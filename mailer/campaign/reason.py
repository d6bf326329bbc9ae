"""Why deliveries of a campaign failed, wait or are in doubt: told by its rows, or by what was kept of them."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mailer.model import Delivery, Reason
from mailer.model.delivery import UNHAPPY

_MOST = 20


def commonest(campaign_id: int) -> Select[int, str | None, int]:
    """Campaign, reason and how many deliveries have it, the commonest first."""
    n = func.count()
    return (
        select(Delivery.campaign_id, Delivery.reason, n)
        .where(Delivery.campaign_id == campaign_id, Delivery.state.in_(UNHAPPY), Delivery.reason.is_not(None))
        .group_by(Delivery.campaign_id, Delivery.reason)
        .order_by(n.desc(), Delivery.reason)
        .limit(_MOST)
    )


def reasons(session: Session, campaign_id: int) -> dict[str, int]:
    """What was answered, without any address, and how many deliveries it is the reason of; the commonest first."""
    kept = select(Reason.reason, Reason.n).where(Reason.campaign_id == campaign_id).order_by(Reason.n.desc(), Reason.id)
    if found := dict(session.execute(kept).all()):
        return found
    return {str(reason): n for _, reason, n in session.execute(commonest(campaign_id))}
