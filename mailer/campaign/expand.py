"""Expansion: the audience becomes deliveries in one statement, their counts in another."""

from sqlalchemy import case, false, func, insert, literal, select
from sqlalchemy.orm import Session

from mailer.audience.audience import audience
from mailer.model import Campaign, Count, Delivery, DeliveryState, Subscriber, Variant


def expand(session: Session, campaign: Campaign) -> int:
    """One pending delivery for each subscriber meant; how many there are.

    A mode that the edition does not offer gets the newsletter's default language, marked so.
    """
    offered = _variants(session, campaign)
    default = offered.get(campaign.edition.newsletter.default_locale) or next(iter(offered.values()))
    source = audience(campaign.edition, campaign.topic_id).with_only_columns(
        literal(campaign.id),
        Subscriber.id,
        case(offered, value=Subscriber.mode, else_=default),
        Subscriber.address_index,
        Subscriber.provider,
        literal(DeliveryState.PENDING.value),
        Subscriber.mode.not_in(offered),
        false(),
        literal(0),
    )
    columns = [
        "campaign_id",
        "subscriber_id",
        "variant_id",
        "dedupe_key",
        "provider",
        "state",
        "fallback",
        "maybe_doubled",
        "attempts",
    ]
    session.execute(insert(Delivery).from_select(columns, source))
    _count(session, campaign)
    # PostgreSQL sums into a decimal.
    return int(session.scalar(select(func.sum(Count.n)).where(Count.campaign_id == campaign.id)) or 0)


def _variants(session: Session, campaign: Campaign) -> dict[str, int]:
    """Mode → variant of the approval that the campaign sends."""
    rows = session.execute(
        select(Variant.mode, Variant.id).where(
            Variant.edition_id == campaign.edition_id, Variant.approval == campaign.approval
        )
    )
    return dict(rows.all())


def _count(session: Session, campaign: Campaign) -> None:
    groups = (Delivery.campaign_id, Delivery.variant_id, Delivery.provider, Delivery.state)
    counted = select(*groups, func.count()).where(Delivery.campaign_id == campaign.id).group_by(*groups)
    session.execute(insert(Count).from_select(["campaign_id", "variant_id", "provider", "state", "n"], counted))
