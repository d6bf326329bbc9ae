"""The queues as an operator sees them: what waits for each provider, how long, and whether anybody is at work."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.campaign import uncertain
from mailer.db.types import now_in
from mailer.model import Campaign, CampaignState, Count, Delivery, DeliveryState, Installation, Limit
from mailer.model.delivery import CLAIMABLE, OPEN, among

_ALONE_SECONDS = 60.0


@dataclass(slots=True)
class Queue:
    """One provider's share of all campaigns that are under way. ``due``: when the first deferred one goes again."""

    provider: str
    limit: float | None = None
    due: datetime | None = None
    states: Counter[DeliveryState] = field(default_factory=Counter)


@dataclass(slots=True)
class Queues:
    """All of them. ``oldest``: when the oldest that still waits was started; ``seen``: when a worker last looked."""

    campaigns: dict[int, CampaignState]
    limit: float | None
    providers: list[Queue]
    uncertain: int
    oldest: datetime | None
    seen: datetime | None
    now: datetime

    @property
    def waiting(self) -> int:
        """Deliveries that nobody has in hand."""
        return sum(queue.states[state] for queue in self.providers for state in CLAIMABLE)

    @property
    def alone(self) -> bool:
        """Whether work waits and no worker has looked for a minute."""
        idle = self.seen is None or (self.now - self.seen).total_seconds() > _ALONE_SECONDS
        return bool(self.waiting) and idle


def queues(session: Session) -> Queues:
    """What is open at this moment, by the counts; uncertain ones of any campaign, since they want somebody."""
    under_way = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD, CampaignState.CANCELLED)
    found = session.execute(
        select(Count.campaign_id, Campaign.state, Campaign.started_at, Count.provider, Count.state, func.sum(Count.n))
        .join(Campaign, Campaign.id == Count.campaign_id)
        .where(Campaign.state.in_(under_way), Count.n > 0)
        .group_by(Count.campaign_id, Campaign.state, Campaign.started_at, Count.provider, Count.state)
        .order_by(Count.campaign_id)
    ).all()
    limits = dict(session.execute(select(Limit.scope, Limit.per_second)).all())
    due = dict(
        session.execute(
            select(Delivery.provider, func.min(Delivery.next_at))
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Campaign.state == CampaignState.SENDING, among([DeliveryState.DEFERRED]))
            .group_by(Delivery.provider)
        ).all()
    )
    providers: dict[str, Queue] = {}
    campaigns: dict[int, CampaignState] = {}
    started: list[datetime] = []
    for number, state, at, provider, step, n in found:
        if step in OPEN:
            campaigns[number] = state
            started += [at] if at else []
            queue = providers.setdefault(
                provider, Queue(provider, limits.get(f"provider:{provider}"), due.get(provider))
            )
            queue.states[step] += int(n)
    return Queues(
        campaigns=campaigns,
        limit=limits.get("all"),
        providers=sorted(providers.values(), key=lambda queue: queue.provider),
        uncertain=uncertain.total(session, None),
        oldest=min(started, default=None),
        seen=session.scalar(select(Installation.seen_at)),
        now=session.scalars(select(now_in())).one(),
    )
