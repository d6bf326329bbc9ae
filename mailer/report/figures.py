"""A campaign in numbers, from the counts that move with the ledger."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.campaign.reason import reasons
from mailer.errors import NotFoundError
from mailer.i18n import N_
from mailer.model import Campaign, CampaignState, Count, DeliveryState, Edition, Variant
from mailer.model.delivery import OPEN


@dataclass(slots=True)
class Figures:
    """One campaign: its deliveries by state, by variant and state, by provider and state."""

    id: int
    slug: str
    title: Mapping[str, str]
    topic: Mapping[str, str]
    state: CampaignState
    created_by: str
    approver: str | None
    started_at: datetime | None
    finished_at: datetime | None
    variants: dict[str, str]
    """Mode → hash."""
    states: Counter[DeliveryState] = field(default_factory=Counter)
    by_variant: dict[str, Counter[DeliveryState]] = field(default_factory=dict)
    by_provider: dict[str, Counter[DeliveryState]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All deliveries."""
        return self.states.total()

    def reasons(self, session: Session) -> dict[str, int]:
        """Why deliveries failed, wait or are in doubt, the commonest first: a class of replies, or other words."""
        return reasons(session, self.id)


def settled(states: Counter[DeliveryState]) -> int:
    """How many of them have come to an end, of whatever kind."""
    return sum(n for state, n in states.items() if state not in OPEN)


def figures(session: Session, campaign_id: int) -> Figures:
    """The numbers of one campaign, or NotFoundError."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFoundError(N_("There is no campaign %(id)s."), id=campaign_id)
    return _figures(session, campaign)


def all_figures(session: Session) -> list[Figures]:
    """Every campaign but for tests, the newest first."""
    wanted = select(Campaign).where(~Campaign.test).order_by(Campaign.id.desc())
    return [_figures(session, campaign) for campaign in session.scalars(wanted)]


def _figures(session: Session, campaign: Campaign) -> Figures:
    edition = campaign.edition
    frozen = (
        select(Variant.mode, Variant.hash)
        .where(Variant.edition_id == edition.id, Variant.approval == (campaign.approval or edition.approval))
        .order_by(Variant.id)
    )
    found = Figures(
        id=campaign.id,
        slug=edition.slug,
        title=_titles(edition),
        topic=campaign.topic.name,
        state=campaign.state,
        created_by=campaign.created_by,
        approver=edition.approver,
        started_at=campaign.started_at,
        finished_at=campaign.finished_at,
        variants=dict(session.execute(frozen).all()),
    )
    counted = select(Variant.mode, Count.provider, Count.state, Count.n).join(Variant, Variant.id == Count.variant_id)
    for mode, provider, state, n in session.execute(counted.where(Count.campaign_id == campaign.id, Count.n > 0)):
        found.states[state] += n
        found.by_variant.setdefault(mode, Counter())[state] += n
        found.by_provider.setdefault(provider, Counter())[state] += n
    return found


def _titles(edition: Edition) -> dict[str, str]:
    return {tag: edition.blocks[0].text(tag).get("title", edition.slug) for tag in edition.locales}
