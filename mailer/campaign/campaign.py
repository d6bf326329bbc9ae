"""A campaign's life: every step is one of the transition table, taken by compare-and-set."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from mailer import clock
from mailer.campaign.expand import expand
from mailer.errors import NotFoundError, RefusedError
from mailer.i18n import N_
from mailer.model import AuditEntry, Campaign, CampaignState, Edition, EditionState, Topic
from mailer.model.base import allowed
from mailer.model.campaign import CAMPAIGN_STEPS


def create(session: Session, edition: Edition, topic: Topic, by: str, uncertain_policy: str = "leave") -> Campaign:
    """A draft campaign of an approved edition. Raises RefusedError for an edition that is not approved."""
    if edition.state is not EditionState.APPROVED:
        raise RefusedError(
            N_("The edition %(slug)s is not approved: only what somebody approved is sent."), slug=edition.slug
        )
    campaign = Campaign(
        edition=edition,
        topic=topic,
        state=CampaignState.DRAFT,
        uncertain_policy=uncertain_policy,
        created_by=by,
        created_at=clock.now(),
    )
    session.add(campaign)
    session.flush()
    return campaign


def find(session: Session, campaign_id: int) -> Campaign:
    """The campaign with this number, or NotFoundError."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFoundError(N_("There is no campaign %(id)s."), id=campaign_id)
    return campaign


def start(session: Session, campaign: Campaign, by: str) -> int:
    """Freeze the choice of variants, expand the audience and open the campaign; how many deliveries it has.

    Raises RefusedError where it was started before, or has nobody to go to. The caller wakes
    the workers once this is committed.
    """
    step(session, campaign, CampaignState.EXPANDING)
    campaign.approval, campaign.started_at = campaign.edition.approval, clock.now()
    deliveries = expand(session, campaign)
    if not deliveries:
        raise RefusedError(N_("Campaign %(id)s would reach nobody: no active subscription fits it."), id=campaign.id)
    step(session, campaign, CampaignState.SENDING)
    session.add(
        AuditEntry(
            at=clock.now(),
            name=by,
            action="campaign.start",
            subject=str(campaign.id),
            detail={"deliveries": deliveries, "approval": campaign.approval},
        )
    )
    return deliveries


def step(session: Session, campaign: Campaign, after: CampaignState) -> None:
    """Move a campaign on, or raise RefusedError where its state does not allow it or has just changed."""
    before = campaign.state
    moved = (
        allowed(CAMPAIGN_STEPS, before, after)
        and session.execute(
            update(Campaign)
            .where(Campaign.id == campaign.id, Campaign.state == before)
            .values(state=after)
            .returning(Campaign.id)
        ).all()
    )
    if not moved:
        raise RefusedError(
            N_("Campaign %(id)s is %(before)s and cannot become %(after)s."),
            id=campaign.id,
            before=before.value,
            after=after.value,
        )
    session.refresh(campaign, ["state"])
