"""What servers answered of a campaign, a sample of each reason: a class says what it means, a reply why it is so."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.model import Attempt, Delivery, DeliveryState

_TRIED = (DeliveryState.FAILED, DeliveryState.DEFERRED)


def samples(session: Session, campaign_id: int) -> dict[str, str]:
    """Reason → the latest reply for which a delivery of the campaign has that reason, without any address."""
    latest = (
        select(Delivery.reason, func.max(Attempt.id).label("attempt"))
        .join(Attempt, Attempt.delivery_id == Delivery.id)
        .where(Delivery.campaign_id == campaign_id, Delivery.state.in_(_TRIED), Delivery.reason.is_not(None))
        .group_by(Delivery.reason)
        .subquery()
    )
    rows = session.execute(
        select(latest.c.reason, Attempt.code, Attempt.reply).join(Attempt, Attempt.id == latest.c.attempt)
    )
    return {row.reason: " ".join(str(part) for part in (row.code, row.reply) if part) for row in rows}
