"""Test mails: one variant of an edition, approved or not, to one address, marked as a test; sent as any mail is."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from mailer import clock, vault
from mailer.audience.address import canonical, domain
from mailer.audience.exchange import groups
from mailer.errors import RefusedError
from mailer.i18n import N_
from mailer.model import (
    AuditEntry,
    Campaign,
    CampaignState,
    Count,
    Delivery,
    DeliveryState,
    Edition,
    Recipient,
    Suppression,
    Topic,
    Variant,
)
from mailer.model.delivery import recipient_place
from mailer.render.variant import render


def send(
    session: Session, keys: vault.Vault, edition: Edition, topic: Topic, mode: str, address: str, by: str
) -> Campaign:
    """Have a variant sent to one address, as a campaign of its own that is under way at once.

    The caller wakes the workers once this is committed. Raises InvalidError for an address that is none or an
    edition that cannot be rendered, RefusedError for an address that nothing may be sent to.
    """
    address = canonical(address)
    index = keys.address_index(address)
    if session.scalar(select(exists().where(Suppression.address_index == index))):
        raise RefusedError(N_("This address asked never to be written to again: name another."))
    now = clock.now()
    variant = render(edition, mode, now, test=by)
    campaign = Campaign(
        edition=edition,
        topic=topic,
        state=CampaignState.SENDING,
        uncertain_policy="leave",
        test=True,
        created_by=by,
        created_at=now,
        started_at=now,
    )
    session.add_all([variant, campaign])
    session.flush()
    _deliver(session, keys, campaign, variant, address)
    detail = {"mode": mode, "edition": edition.slug, "newsletter": edition.newsletter.slug}
    session.add(AuditEntry(at=now, name=by, action="campaign.test", subject=str(campaign.id), detail=detail))
    return campaign


def _deliver(session: Session, keys: vault.Vault, campaign: Campaign, variant: Variant, address: str) -> None:
    ref = vault.new_ref()
    name = domain(address)
    provider = groups(session, keys, [name])[name].provider
    group = {"campaign_id": campaign.id, "variant_id": variant.id, "provider": provider}
    delivery = Delivery(
        **group,
        dedupe_key=keys.address_index(address),
        state=DeliveryState.PENDING,
        fallback=False,
        maybe_doubled=False,
        attempts=0,
    )
    session.add_all([delivery, Count(**group, state=DeliveryState.PENDING, n=1)])
    session.flush()
    plain, wrapped = keys.new_data_key(recipient_place("data_key", ref))
    sealed = keys.seal(plain, address, recipient_place("address", ref))
    session.add(Recipient(delivery_id=delivery.id, ref=ref, data_key=wrapped, address=sealed))
