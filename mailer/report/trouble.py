"""What is in the way of campaigns: who stopped one and why, and why what is first in a queue has not gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.model import AuditEntry, Campaign, CampaignState, Count, Delivery, DeliveryState
from mailer.model.delivery import among

_STOPS = ("campaign.pause", "campaign.hold")


@dataclass(frozen=True, slots=True)
class Stop:
    """Who stopped a campaign, and why: a class of replies, or other words, with what was answered; or nothing."""

    by: str
    why: str = ""
    reply: str = ""


def stop(session: Session, campaign_id: int, state: CampaignState) -> Stop | None:
    """Why a campaign stands, where it is paused or held."""
    if state not in (CampaignState.PAUSED, CampaignState.HELD):
        return None
    entry = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.action.in_(_STOPS), AuditEntry.subject == str(campaign_id))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    return Stop(entry.name, str(entry.detail.get("why") or ""), _answer(entry.detail)) if entry else None


def _answer(detail: Mapping[str, Any]) -> str:
    return " ".join(str(detail[part]) for part in ("code", "reply") if detail.get(part))


def stuck(session: Session, campaign_id: int | None = None) -> dict[tuple[int, str], str]:
    """(campaign, provider) → why the delivery that is next has not gone, of campaigns that are being sent.

    A class of replies, or other words. Only the next one is looked at, however many wait.
    """
    following = (
        select(Delivery.reason)
        .where(
            Delivery.provider == Count.provider,
            Delivery.campaign_id == Count.campaign_id,
            among([DeliveryState.PENDING]),
        )
        .order_by(Delivery.id)
        .limit(1)
        .correlate(Count)
        .scalar_subquery()
    )
    found = (
        select(Count.campaign_id, Count.provider, following)
        .join(Campaign, Campaign.id == Count.campaign_id)
        .where(Campaign.state == CampaignState.SENDING, Count.state == DeliveryState.PENDING, Count.n > 0)
        .distinct()
    )
    if campaign_id is not None:
        found = found.where(Count.campaign_id == campaign_id)
    return {(number, provider): why for number, provider, why in session.execute(found) if why}
