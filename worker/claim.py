"""Taking deliveries into a worker's hands: open lanes, claim, hand back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, Integer, Select, bindparam, case, exists, null, or_, select
from sqlalchemy.orm import Session

from mailer.audience.audience import wanted, why_not
from mailer.campaign.allowance import room
from mailer.campaign.ledger import transition
from mailer.campaign.route import RELAY
from mailer.db.rows import one_of
from mailer.db.types import now_in
from mailer.model import (
    Campaign,
    CampaignState,
    Count,
    Delivery,
    DeliveryState,
    Recipient,
    Subscriber,
    Subscription,
    Suppression,
)
from mailer.model.delivery import CLAIMABLE, among

_S = DeliveryState
_MOST = "most"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in our hands, with what its message needs; the fields are still sealed.

    ``resend``: whether its campaign has it sent again after doubt; ``test``: whether it goes to nobody who subscribed.
    """

    id: int
    attempts: int
    variant_id: int
    since: datetime
    ref: bytes
    data_key: bytes
    address: bytes
    name: bytes | None
    greeting_name: bytes | None
    topic_id: int
    resend: bool
    test: bool


def sending(session: Session) -> frozenset[int]:
    """The campaigns that are being sent."""
    return frozenset(session.scalars(select(Campaign.id).where(Campaign.state == CampaignState.SENDING)))


def lanes(session: Session) -> dict[tuple[str, int], bool]:
    """(provider, campaign) of all that can be claimed now, and whether it is a test mail."""
    # What waits for its time opens no lane: that would find nothing to claim, end, and be opened again at once.
    due = (
        (Count.state == state)
        & exists().where(
            Delivery.provider == Count.provider, Delivery.campaign_id == Count.campaign_id, among([state]), _due(state)
        )
        for state in CLAIMABLE
    )
    found = (
        select(Count.provider, Count.campaign_id, Campaign.test)
        .join(Campaign, Campaign.id == Count.campaign_id)
        .where(Campaign.state == CampaignState.SENDING, Count.n > 0, or_(*due))
    )
    return {(provider, campaign): test for provider, campaign, test in session.execute(found)}


def claim(
    session: Session, campaign_id: int, provider: str, most: int, token: str, lease: float, route: str = RELAY
) -> list[Claimed]:
    """Take at most ``most`` deliveries of one campaign and provider, for ``lease`` seconds, to go by ``route``.

    Those that were deferred and are due come first. Who has unsubscribed, paused or been
    suppressed since the expansion is settled here and not returned. Rows that another worker is
    just taking are passed over. Caps, quiet hours and holds may leave fewer, or none.
    """
    campaign = session.execute(
        select(Campaign.topic_id, Campaign.uncertain_policy == "resend", Campaign.test).where(
            Campaign.id == campaign_id, Campaign.state == CampaignState.SENDING
        )
    ).one_or_none()
    if campaign is None:
        return []
    most = room(session, (provider, campaign_id), route, most, test=campaign.test)
    taken: list[Claimed] = []
    for before in reversed(CLAIMABLE):
        if most > len(taken):
            statement = _found(campaign_id, provider, before, None if campaign.test else campaign.topic_id)
            found = session.execute(statement, {_MOST: most - len(taken)}).all()
            gone = [row for row in found if row.why_not]
            reasons = {"reason": [row.why_not for row in gone]}
            transition(session, before, _S.SUPPRESSED, [row.id for row in gone], each=reasons)
            fit = [row.id for row in found if not row.why_not]
            moved = set(
                transition(session, before, _S.SENDING, fit, lease_until=now_in(lease), new_claim=token, route=route)
            )
            taken += [Claimed(*row[:-1], *campaign) for row in found if row.id in moved]  # type: ignore[arg-type, call-arg]  # a row's types are open
    return taken


@lru_cache(maxsize=256)
def _found(campaign_id: int, provider: str, state: DeliveryState, topic_id: int | None) -> Select[*tuple[object, ...]]:
    """The statement that finds at most ``_MOST`` rows of a topic's readers, or of a test, which has no topic.

    Kept, because to put it together takes a good part of what a claim takes.
    """
    free = _free(campaign_id, provider, state)
    return _tests(free) if topic_id is None else _details(free, topic_id)


def _free(campaign_id: int, provider: str, state: DeliveryState) -> Select[int]:
    return (
        select(Delivery.id)
        .where(
            Delivery.campaign_id == campaign_id,
            Delivery.provider == provider,
            among([state]),
            _due(state),
        )
        .order_by(Delivery.id if state is _S.PENDING else Delivery.next_at)
        .limit(bindparam(_MOST, type_=Integer))
        .with_for_update(skip_locked=True)
    )


def _due(state: DeliveryState) -> ColumnElement[bool]:
    """Whether the time of a row in such a state has come; only what waits for a second try need have one."""
    come = Delivery.next_at <= now_in()
    return come if state is _S.DEFERRED else or_(Delivery.next_at.is_(None), come)


def _details(free: Select[int], topic_id: int) -> Select[*tuple[object, ...]]:
    """What a message needs of the rows that ``free`` names.

    They are found and locked first, in a step of their own: joined at once, a planner that
    underrates them reads whole tables for each batch.
    """
    found = free.cte("free").prefix_with("MATERIALIZED", dialect="postgresql")
    return (
        select(
            Delivery.id,
            Delivery.attempts,
            Delivery.variant_id,
            Subscription.consent_at,
            Subscriber.ref,
            Subscriber.data_key,
            Subscriber.address,
            Subscriber.name,
            Subscriber.greeting_name,
            why_not().label("why_not"),
        )
        .join_from(found, Delivery, Delivery.id == found.c.id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(Subscription, (Subscription.subscriber_id == Subscriber.id) & (Subscription.topic_id == topic_id))
        .order_by(Delivery.id)
    )


def _tests(free: Select[int]) -> Select[*tuple[object, ...]]:
    """The same of test mails, whose recipients are no subscribers: only a suppression keeps them from being sent."""
    return (
        select(
            Delivery.id,
            Delivery.attempts,
            Delivery.variant_id,
            Campaign.created_at.label("consent_at"),
            Recipient.ref,
            Recipient.data_key,
            Recipient.address,
            null().label("name"),
            null().label("greeting_name"),
            case((exists().where(Suppression.address_index == Delivery.dedupe_key), "suppressed")).label("why_not"),
        )
        .join(Recipient, Recipient.delivery_id == Delivery.id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.id.in_(free))
    )


def release(session: Session, token: str) -> int:
    """Hand back all that a claim took, of which nothing has left, be it called uncertain meanwhile; how many."""
    back = 0
    for before in (_S.SENDING, _S.UNCERTAIN):
        held = select(Delivery.id).where(among([before]), Delivery.claim == token)
        back += len(transition(session, before, _S.PENDING, session.scalars(held).all(), claim=token))
    return back


def unwanted(session: Session, ids: Collection[int]) -> frozenset[int]:
    """Those of the deliveries in hand whose readers have withdrawn meanwhile."""
    if not ids:
        return frozenset()
    gone = (
        select(Delivery.id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.topic_id == Campaign.topic_id),
        )
        .where(one_of(session, Delivery.__table__.c.id, list(ids)), ~wanted())
    )
    return frozenset(session.scalars(gone))
