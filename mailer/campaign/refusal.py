"""Mail that was refused to us, not to its reader: its campaign waits until a person has looked."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.campaign import campaign as life
from mailer.campaign import count, limit
from mailer.campaign.route import fit, ways
from mailer.db.rows import one_of
from mailer.model import Campaign, CampaignState, Delivery, Topic
from mailer.reply import CLASSES

_HALTING = [key for key, each in CLASSES.items() if each.halts]
_ITSELF = "twinletter"


def standing(session: Session, ids: Sequence[int]) -> dict[int, tuple[bool, bool]]:
    """Of deliveries that came back just now: (whether each is a test, whether it was refused to us before).

    Before: since then a person had its campaign go on, and nothing else became of it.
    """
    if not ids:
        return {}
    rows = session.execute(
        select(Delivery.id, Campaign.test, Delivery.reason)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(one_of(session, Delivery.__table__.c.id, ids))
    )
    return {row.id: (row.test, row.reason in _HALTING) for row in rows}


def another_way(session: Session, delivery_id: int, refusing: Collection[str]) -> bool:
    """Whether there is a route for a delivery that does not refuse us.

    One whose quota is used up, or that is in its quiet hours, counts. One on hold does not: who held it is to know
    what is wrong with the others.
    """
    asked = select(Delivery.provider, Topic.newsletter_id).join(Campaign, Campaign.id == Delivery.campaign_id)
    found = session.execute(asked.join(Topic, Topic.id == Campaign.topic_id).where(Delivery.id == delivery_id)).one()
    others = [way.name for way in fit(ways(session), *found) if way.name not in refusing]
    held = {scope for scope, terms in limit.in_force(session).items() if terms.held} if others else set()
    return any(f"{limit.ROUTE}{name}" not in held for name in others)


def pause(session: Session, delivery_id: int, **why: object) -> int | None:
    """Pause the campaign of a delivery, and name it, unless it is not being sent any more; ``why`` goes on record."""
    # Counts before campaigns, as whoever closes finished ones takes them.
    count.write(session)
    delivery = session.get_one(Delivery, delivery_id)
    found = session.get_one(Campaign, delivery.campaign_id, with_for_update=True, populate_existing=True)
    if found.state is not CampaignState.SENDING:
        return None
    life.pause(session, found, _ITSELF, provider=delivery.provider, **why)
    return found.id
