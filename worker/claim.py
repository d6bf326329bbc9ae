"""The worker's dealings with the ledger: open lanes, claim, mark as sending, record, reap."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.audience.audience import may_receive
from mailer.campaign.ledger import transition
from mailer.db.types import now_in
from mailer.model import (
    Attempt,
    Campaign,
    CampaignState,
    Count,
    Delivery,
    DeliveryState,
    RateLimit,
    Subscriber,
    Subscription,
)
from mailer.model.delivery import CLAIMABLE
from worker.backoff import MOST_TRIES, delay
from worker.transport import Fate, Outcome

_S = DeliveryState
_REAPED_AT_ONCE = 1000
_NO_REPLY = "no reply after the body"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in our hands, with what its message needs; the fields are still sealed."""

    id: int
    attempts: int
    variant_id: int
    topic_id: int
    since: datetime
    ref: bytes
    data_key: bytes
    address: bytes
    name: bytes | None


def token() -> str:
    """A name for one claim, never used again."""
    return secrets.token_hex(8)


def sending(session: Session) -> frozenset[int]:
    """The campaigns that are being sent."""
    return frozenset(session.scalars(select(Campaign.id).where(Campaign.state == CampaignState.SENDING)))


def rate_limits(session: Session) -> dict[str, float]:
    """The limits in force: scope → messages per second."""
    return dict(session.execute(select(RateLimit.scope, RateLimit.per_second)).all())


def lanes(session: Session) -> set[tuple[str, int]]:
    """(provider, campaign) of all that can be claimed now."""
    pending = (
        select(Count.provider, Count.campaign_id)
        .join(Campaign, Campaign.id == Count.campaign_id)
        .where(Campaign.state == CampaignState.SENDING, Count.state == _S.PENDING, Count.n > 0)
    )
    due = (
        select(Delivery.provider, Delivery.campaign_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.state == CampaignState.SENDING, Delivery.state == _S.DEFERRED, Delivery.next_at <= now_in())
    )
    return {(provider, campaign) for provider, campaign in session.execute(pending.union(due))}


def claim(session: Session, campaign_id: int, provider: str, most: int, name: str, lease: float) -> list[Claimed]:
    """Take at most ``most`` deliveries of one campaign and provider, for ``lease`` seconds.

    Who has unsubscribed, paused or been suppressed since the expansion is settled here and
    not returned. Rows that another worker is just taking are passed over.
    """
    candidates = session.execute(
        select(Delivery.id, Delivery.state, may_receive(Campaign.topic_id).label("wanted"))
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(
            Campaign.state == CampaignState.SENDING,
            Delivery.campaign_id == campaign_id,
            Delivery.provider == provider,
            Delivery.state.in_(CLAIMABLE),
            or_(Delivery.next_at.is_(None), Delivery.next_at <= now_in()),
        )
        .order_by(Delivery.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    taken: list[int] = []
    for before in CLAIMABLE:
        rows = [row for row in candidates if row.state is before]
        transition(session, before, _S.SUPPRESSED, [r.id for r in rows if not r.wanted], reason="withdrawn")
        wanted = [row.id for row in rows if row.wanted]
        taken += transition(session, before, _S.CLAIMED, wanted, lease_until=now_in(lease), new_claim=name)
    return _details(session, taken)


def _details(session: Session, ids: Sequence[int]) -> list[Claimed]:
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.attempts,
            Delivery.variant_id,
            Campaign.topic_id,
            Subscription.consent_at,
            Subscriber.ref,
            Subscriber.data_key,
            Subscriber.address,
            Subscriber.name,
        )
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .join(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.topic_id == Campaign.topic_id),
        )
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.id)
    )
    # Only active subscribers are claimed: their fields are there.
    return [Claimed(*row) for row in rows]  # type: ignore[arg-type]


def begin(session: Session, ids: Sequence[int], name: str) -> set[int]:
    """Commit that these are about to go, before their first octet; those that are still ours."""
    return set(transition(session, _S.CLAIMED, _S.SENDING, ids, claim=name))


def release(session: Session, ids: Sequence[int], name: str) -> None:
    """Hand back what was claimed and never begun."""
    transition(session, _S.CLAIMED, _S.PENDING, ids, claim=name)


def record(session: Session, outcomes: Sequence[tuple[Claimed, Outcome]], name: str) -> None:
    """Settle a batch in bulk. A row that a reaper called uncertain meanwhile is still ours to settle."""
    by_fate: dict[Fate, list[tuple[Claimed, Outcome]]] = defaultdict(list)
    for row, outcome in outcomes:
        by_fate[outcome.fate].append((row, outcome))
    transition(session, _S.SENDING, _S.UNCERTAIN, _ids(by_fate[Fate.UNCERTAIN]), claim=name, reason=_NO_REPLY)
    # A doubt that turns out to be a "later" waits anew.
    for before, later in ((_S.SENDING, _S.DEFERRED), (_S.UNCERTAIN, _S.PENDING)):
        transition(session, before, _S.SENT, _ids(by_fate[Fate.SENT]), claim=name)
        transition(session, before, _S.PENDING, _ids(by_fate[Fate.UNSENT]), claim=name)
        for row, outcome in by_fate[Fate.FAILED]:
            transition(session, before, _S.FAILED, [row.id], claim=name, reason=_reason(outcome))
        for row, outcome in by_fate[Fate.DEFERRED]:
            tries, reason = row.attempts + 1, _reason(outcome)
            if tries >= MOST_TRIES:
                transition(session, before, _S.FAILED, [row.id], claim=name, reason=f"gave up: {reason}")
                continue
            again = now_in(delay(tries)) if later is _S.DEFERRED else None
            transition(session, before, later, [row.id], claim=name, reason=reason, next_at=again, attempts=tries)
    # A relay that could not be reached says nothing of a recipient.
    answered = [_attempt(row, outcome) for row, outcome in outcomes if outcome.fate not in (Fate.SENT, Fate.UNSENT)]
    if answered:
        session.execute(insert(Attempt), answered)


def _ids(rows: Sequence[tuple[Claimed, Outcome]]) -> list[int]:
    return [row.id for row, _ in rows]


def _reason(outcome: Outcome) -> str:
    return " ".join(str(part) for part in (outcome.code, outcome.reply) if part)


def _attempt(row: Claimed, outcome: Outcome) -> dict[str, object]:
    return {
        "delivery_id": row.id,
        "at": clock.now(),
        "code": outcome.code,
        "enhanced": outcome.enhanced,
        "reply": outcome.reply,
        "after_body": outcome.after_body,
    }


def reap(session: Session) -> dict[str, int]:
    """Settle what dead workers held, once their lease is over; how many went where.

    Claimed rows never left: they wait again. Rows being sent may have left: they are uncertain,
    or go again, marked as perhaps doubled, where the campaign's policy says so.
    """
    expired = session.execute(
        select(Delivery.id, Delivery.state, Campaign.uncertain_policy)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.state.in_((_S.CLAIMED, _S.SENDING)), Delivery.lease_until < now_in())
        .limit(_REAPED_AT_ONCE)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    claimed = [row.id for row in expired if row.state is _S.CLAIMED]
    doubtful = [row.id for row in expired if row.state is _S.SENDING]
    again = [row.id for row in expired if row.state is _S.SENDING and row.uncertain_policy == "resend"]
    waiting = transition(session, _S.CLAIMED, _S.PENDING, claimed)
    uncertain = transition(session, _S.SENDING, _S.UNCERTAIN, doubtful, reason="its worker died while sending")
    resent = transition(session, _S.UNCERTAIN, _S.PENDING, again, maybe_doubled=True)
    return {"pending": len(waiting), "uncertain": len(uncertain) - len(resent), "resend": len(resent)}
