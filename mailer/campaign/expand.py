"""Expansion: the audience becomes deliveries in one statement, their counts in another."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Select, case, false, func, insert, literal, select
from sqlalchemy.orm import Session

from mailer.audience.audience import audience
from mailer.i18n import nearest
from mailer.model import Campaign, Count, Delivery, DeliveryState, Edition, Subscriber, Variant


def expand(session: Session, campaign: Campaign) -> int:
    """One pending delivery for each subscriber meant; how many there are.

    Who wants a mode that the edition does not offer gets the nearest that it does, or the newsletter's
    default language where none is near, marked so.
    """
    offered = _variants(session, campaign)
    meant = audience(campaign.edition, campaign.topic_id)
    served = {mode: offered[found] for mode in _modes(session, meant) if (found := nearest(mode, offered))}
    default = _default(campaign.edition, offered)
    source = meant.with_only_columns(
        literal(campaign.id),
        Subscriber.id,
        case(served, value=Subscriber.mode, else_=default) if served else literal(default),
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


def _modes(session: Session, meant: Select[Subscriber]) -> Sequence[str]:
    """What the audience wants to read, each mode once."""
    return session.scalars(meant.with_only_columns(Subscriber.mode).distinct()).all()


def _default(edition: Edition, offered: Mapping[str, int]) -> int:
    """The variant for readers of none of an edition's languages."""
    mode = nearest(edition.newsletter.default_locale, offered) or edition.source_locale
    return offered[mode]


def _count(session: Session, campaign: Campaign) -> None:
    groups = (Delivery.campaign_id, Delivery.variant_id, Delivery.provider, Delivery.state)
    counted = select(*groups, func.count()).where(Delivery.campaign_id == campaign.id).group_by(*groups)
    session.execute(insert(Count).from_select(["campaign_id", "variant_id", "provider", "state", "n"], counted))
