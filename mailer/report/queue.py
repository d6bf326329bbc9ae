"""The queues as an operator sees them: what waits for each provider, what keeps it, and whether anybody is at work."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.campaign import limit, ramp, uncertain
from mailer.campaign.allowance import Use, cap, use
from mailer.campaign.defaults import Terms
from mailer.campaign.quiet import quiet
from mailer.db.types import now_in
from mailer.model import Campaign, CampaignState, Count, Delivery, DeliveryState, Installation, Newsletter, Topic
from mailer.model.delivery import CLAIMABLE, OPEN, among
from mailer.report.trouble import stuck

_ALONE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What keeps a scope: its terms; of its cap, warm-up included, how much is used; until when it is quiet.

    ``day``: which day of its warm-up it is, the first being 1. ``quiet_until`` is by the clock of the
    newsletter that it is quiet for, the latest where several are.
    """

    terms: Terms
    cap: int | None = None
    used: int | None = None
    day: int | None = None
    quiet_until: datetime | None = None


@dataclass(slots=True)
class Queue:
    """One provider's share of all campaigns that are under way. ``due``: when the first deferred one goes again."""

    provider: str
    bounds: Bounds
    due: datetime | None = None
    why: set[str] = field(default_factory=set)
    """Why what is next has not gone: classes of replies, or other words."""
    states: Counter[DeliveryState] = field(default_factory=Counter)


@dataclass(slots=True)
class Queues:
    """All of them. ``oldest``: when the oldest that still waits was started; ``seen``: when a worker last looked.

    ``wider``: what keeps all providers together, by scope; and holds on those for whom nothing waits.
    """

    campaigns: dict[int, CampaignState]
    wider: dict[str, Bounds]
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
    kept = bounds(session)
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
            mine = kept.get(f"{limit.PROVIDER}{provider}", Bounds(Terms()))
            queue = providers.setdefault(provider, Queue(provider, mine, due.get(provider)))
            queue.states[step] += int(n)
    for (_, provider), why in stuck(session).items():
        if provider in providers:
            providers[provider].why.add(why)
    return Queues(
        campaigns=campaigns,
        wider={scope: each for scope, each in kept.items() if _apart(scope, each, providers)},
        providers=sorted(providers.values(), key=lambda queue: queue.provider),
        uncertain=uncertain.total(session, None),
        oldest=min(started, default=None),
        seen=session.scalar(select(Installation.seen_at)),
        now=session.scalars(select(now_in())).one(),
    )


def _apart(scope: str, bounds: Bounds, providers: Collection[str]) -> bool:
    """Whether a scope is no row's own. A hold is seen even where nothing waits: else it would be forgotten."""
    return not scope.startswith(limit.PROVIDER) or (bounds.terms.held and limit.short(scope) not in providers)


def bounds(session: Session) -> dict[str, Bounds]:
    """What keeps each scope at this moment."""
    now = session.scalars(select(now_in())).one()
    terms = limit.in_force(session)
    used = use(session) if any(each.capped for each in terms.values()) else Use()
    zones = _zones(session) if any(each.quiet for each in terms.values()) else ()
    return {scope: _bounds(each, used.of(scope), zones, now) for scope, each in terms.items()}


def _bounds(terms: Terms, used: int, zones: Sequence[str], now: datetime) -> Bounds:
    most = cap(terms, now)
    untils = [(until, zone) for zone in zones if terms.quiet and (until := quiet(now, terms.quiet, zone))]
    until, zone = max(untils, default=(None, ""))
    day = ramp.day(terms.warm_up_from, now) if terms.warm_up_from else None
    return Bounds(
        terms=terms,
        cap=most,
        used=None if most is None else used,
        day=None if day is None or ramp.ceiling(day) is None else day + 1,
        quiet_until=until and until.astimezone(ZoneInfo(zone)),
    )


def _zones(session: Session) -> Sequence[str]:
    """Of the newsletters that are being sent."""
    sending = (
        select(Newsletter.zone)
        .join(Topic, Topic.newsletter_id == Newsletter.id)
        .join(Campaign, Campaign.topic_id == Topic.id)
        .where(Campaign.state == CampaignState.SENDING, ~Campaign.test)
        .distinct()
    )
    return session.scalars(sending).all()
