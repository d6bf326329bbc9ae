"""A campaign's life: every step is one of the transition table, taken by compare-and-set and put on record."""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from mailer import clock
from mailer.audience.address import domain
from mailer.campaign.expand import expand
from mailer.campaign.ledger import transition
from mailer.db.types import now_in
from mailer.errors import NotFoundError, RefusedError, Term
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.model import (
    AuditEntry,
    Campaign,
    CampaignState,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Newsletter,
    Topic,
    names,
)
from mailer.model.base import allowed
from mailer.model.campaign import CAMPAIGN_STEPS
from mailer.model.delivery import CLAIMABLE, among

_SWEPT_AT_ONCE = 2000


def create(session: Session, edition: Edition, topic: Topic, by: str, uncertain_policy: str = "leave") -> Campaign:
    """A draft campaign of an approved edition. Raises RefusedError for an edition that is not approved."""
    _demand_approved(edition)
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
    _note(session, campaign, by, "create", edition=edition.slug, topic=topic.slug, uncertain=uncertain_policy)
    return campaign


def demand_first(session: Session, edition: Edition, topic: Topic) -> None:
    """Raise RefusedError where a topic's readers get this edition by another campaign, or got some of it."""
    other = session.scalar(
        select(Campaign.id)
        .where(Campaign.edition_id == edition.id, Campaign.topic_id == topic.id, ~Campaign.test)
        .where(or_(Campaign.state != CampaignState.CANCELLED, Campaign.started_at.is_not(None)))
        .order_by(Campaign.id.desc())
        .limit(1)
    )
    if other is not None:
        raise RefusedError(
            N_(
                "Campaign %(id)s brings %(topic)s this edition: a second one brings it to everybody once more."
                " If that is meant, say --again."
            ),
            id=other,
            topic=topic.slug,
        )


def find(session: Session, campaign_id: int) -> Campaign:
    """The campaign with this number, or NotFoundError."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFoundError(N_("There is no campaign %(id)s."), id=campaign_id)
    return campaign


def under_way(session: Session) -> list[int]:
    """The campaigns that were started and are not at their end."""
    states = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD)
    return list(
        session.scalars(select(Campaign.id).where(Campaign.state.in_(states), Campaign.started_at.is_not(None)))
    )


def schedule(session: Session, campaign: Campaign, at: datetime, by: str) -> None:
    """Have it started by itself at a moment to come. Raises RefusedError for one that is past."""
    if campaign.started_at:
        raise _started(campaign)
    if at <= clock.now():
        raise RefusedError(
            N_("The time %(at)s has passed: name a later one, or start the campaign now."),
            at=at.isoformat(" ", "minutes"),
        )
    step(session, campaign, CampaignState.SCHEDULED)
    campaign.scheduled_at = at
    _note(session, campaign, by, "schedule", at=at.isoformat())


def demand_signed(house: Installation, newsletter: Newsletter) -> None:
    """Raise MisconfiguredError where a newsletter's mails are to be signed and no key does."""
    house.signing(domain(newsletter.sender_address))


def demand_fit(house: Installation, newsletter: Newsletter) -> None:
    """The same, and where nobody could unsubscribe from them."""
    house.demand_pages()
    demand_signed(house, newsletter)


def due(session: Session) -> Campaign | None:
    """A scheduled campaign whose moment has come, kept from other workers until this unit of work ends."""
    return session.scalar(
        select(Campaign)
        .where(Campaign.state == CampaignState.SCHEDULED, Campaign.scheduled_at <= now_in())
        .order_by(Campaign.scheduled_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=Campaign)
    )


def start(session: Session, campaign: Campaign, by: str) -> int:
    """Freeze the choice of variants, expand the audience and open the campaign; how many deliveries it has.

    Raises RefusedError where it was started before, has nobody to go to, or its edition was changed and not
    approved since. The caller wakes the workers once this is committed.
    """
    if campaign.state in (CampaignState.HELD, CampaignState.SCHEDULED) and campaign.started_at:
        raise _started(campaign)
    _demand_approved(campaign.edition)
    step(session, campaign, CampaignState.EXPANDING)
    campaign.approval, campaign.started_at = campaign.edition.approval, clock.now()
    deliveries = expand(session, campaign)
    if not deliveries:
        raise RefusedError(N_("Campaign %(id)s would reach nobody: no active subscription fits it."), id=campaign.id)
    step(session, campaign, CampaignState.SENDING)
    _note(session, campaign, by, "start", deliveries=deliveries, approval=campaign.approval)
    return deliveries


def pause(session: Session, campaign: Campaign, by: str, **why: object) -> None:
    """Have nothing more begun; what is on the wire is finished, the rest waits. ``why`` goes on record."""
    step(session, campaign, CampaignState.PAUSED)
    _note(session, campaign, by, "pause", **why)


def hold(session: Session, campaign: Campaign, by: str, why: str) -> None:
    """Have it wait for somebody to look at it; ``why`` goes on record."""
    step(session, campaign, CampaignState.HELD)
    _note(session, campaign, by, "hold", why=why)


def resume(session: Session, campaign: Campaign, by: str) -> None:
    """Go on with a paused or held campaign; one that was held before its start waits for its time again."""
    if campaign.state not in (CampaignState.PAUSED, CampaignState.HELD):
        raise _not_allowed(campaign, CampaignState.SENDING)
    step(session, campaign, CampaignState.SENDING if campaign.started_at else CampaignState.SCHEDULED)
    _note(session, campaign, by, "resume")


def cancel(session: Session, campaign: Campaign, by: str) -> None:
    """End it for good. What was not sent is settled by ``sweep``."""
    step(session, campaign, CampaignState.CANCELLED)
    _note(session, campaign, by, "cancel")


def sweep(session: Session) -> int:
    """Settle some of what cancelled campaigns have left over; how many, 0 when nothing is left."""
    left = session.execute(
        select(Delivery.id, Delivery.state)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.state == CampaignState.CANCELLED, among(CLAIMABLE))
        .limit(_SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    swept = 0
    for before in CLAIMABLE:
        ids = [row.id for row in left if row.state is before]
        swept += len(transition(session, before, DeliveryState.CANCELLED, ids, reason="cancelled"))
    return swept


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
        raise _not_allowed(campaign, after)
    session.refresh(campaign, ["state"])


def _demand_approved(edition: Edition) -> None:
    if edition.state is not EditionState.APPROVED:
        raise RefusedError(
            N_("The edition %(slug)s is not approved: only what somebody approved is sent."), slug=edition.slug
        )


def _started(campaign: Campaign) -> RefusedError:
    return RefusedError(N_("Campaign %(id)s was started before: resume it instead."), id=campaign.id)


def _not_allowed(campaign: Campaign, after: CampaignState) -> RefusedError:
    return RefusedError(
        N_("Campaign %(id)s cannot go from “%(before)s” to “%(after)s”."),
        id=campaign.id,
        before=Term(names.STATES[campaign.state]),
        after=Term(names.STATES[after]),
    )


def _note(session: Session, campaign: Campaign, by: str, action: str, **detail: object) -> None:
    entry = AuditEntry(at=clock.now(), name=by, action=f"campaign.{action}", subject=str(campaign.id), detail=detail)
    session.add(entry)
