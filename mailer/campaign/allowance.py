"""Allowance: what may go now, by limits, caps, warm-ups, quiet hours and holds.

A worker asks twice: a drain what it may open lanes for and at which pace, and a claim how many it
may take. The first is a look; the second is exact, however many workers claim at once.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from mailer.campaign import limit, ramp
from mailer.campaign.defaults import Terms
from mailer.campaign.departure import RELAY
from mailer.campaign.quiet import quiet
from mailer.db.types import now_in
from mailer.model import Campaign, CampaignState, Count, Departure, Limit, Newsletter, Topic
from mailer.model.delivery import HELD

Pair = tuple[str, int]
"""A provider and a campaign."""

# A bucket is an hour long: that which began within twenty-five hours may hold something of the last twenty-four.
_DAY_SECONDS = 25 * 3600
_UNDER_WAY = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD, CampaignState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one provider's lane may send, and its limits, each with the scope whose messages share it.

    ``campaigns``: those that it may send for now. ``levels``: scope, messages a second, and whether that is a
    ceiling which the pace works itself up to. ``connections``: scope, and how many at once over all workers.
    """

    campaigns: frozenset[int]
    levels: tuple[tuple[str, float, bool], ...]
    connections: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Use:
    """How many messages left in the last day, by scope, and how many workers have in hand."""

    left: Counter[str] = field(default_factory=Counter)
    in_hand: Counter[str] = field(default_factory=Counter)

    def of(self, scope: str) -> int:
        """What counts against a cap: all that is in hand may yet leave."""
        return self.left[scope] + self.in_hand[scope]


def allowances(session: Session, pairs: Collection[Pair]) -> dict[str, Allowance]:
    """By provider what its lane may send now, of ``pairs``: nothing held, in quiet hours, or at the end of a cap.

    Test mails are kept by holds alone. A provider that may have nothing is not there.
    """
    terms = limit.in_force(session)
    campaigns: dict[str, set[int]] = defaultdict(set)
    for provider, number in _open(session, terms, pairs):
        campaigns[provider].add(number)
    return {provider: _allowance(_passed(terms, provider), numbers) for provider, numbers in campaigns.items()}


def _allowance(way: Mapping[str, Terms], campaigns: Iterable[int]) -> Allowance:
    rates = ((scope, terms.per_second, scope.startswith(limit.PROVIDER)) for scope, terms in way.items())
    return Allowance(
        campaigns=frozenset(campaigns),
        levels=tuple((scope, rate, adaptive) for scope, rate, adaptive in rates if rate),
        connections=tuple((scope, terms.connections) for scope, terms in way.items() if terms.connections),
    )


def _open(session: Session, terms: Mapping[str, Terms], pairs: Collection[Pair]) -> set[Pair]:
    ways = {provider: _passed(terms, provider) for provider, _ in pairs}
    free = {pair for pair in pairs if not any(each.held for each in ways[pair[0]].values())}
    met = [each for provider, _ in free for each in ways[provider].values()]
    capped = any(each.capped for each in met)
    if not capped and not any(each.quiet for each in met):
        return free
    columns = (Campaign.id, Campaign.test, Newsletter.zone, now_in().label("now"))
    asked = select(*columns).join(Topic, Topic.id == Campaign.topic_id)
    found = session.execute(
        asked.join(Newsletter, Newsletter.id == Topic.newsletter_id).where(Campaign.id.in_({each for _, each in free}))
    )
    campaigns = {row.id: row for row in found}
    used = use(session) if capped else Use()
    return {
        (provider, number)
        for provider, number in free
        if (row := campaigns[number]).test
        or (not _quiet(ways[provider], row.zone, row.now) and _left(ways[provider], used, row.now) != 0)
    }


def room(session: Session, pair: Pair, most: int, *, test: bool) -> int:
    """How many of ``most`` a claim may take.

    What is capped stays locked until the unit of work ends, in which the claim is written: so those
    who claim side by side never take more together than a cap leaves.
    """
    terms = limit.in_force(session)
    if not _open(session, terms, {pair}):
        return 0
    capped = [scope for scope, each in _passed(terms, pair[0]).items() if each.capped]
    if test or not capped:
        return most
    locked = select(Limit.scope, now_in().label("now")).where(Limit.scope.in_(capped)).order_by(Limit.scope)
    now = [row.now for row in session.execute(locked.with_for_update())]
    # Asked once the locks are ours: whoever had them before has written what they took.
    left = _left(_passed(limit.in_force(session), pair[0]), use(session), max(now)) if now else None
    return most if left is None else min(most, left)


def use(session: Session) -> Use:
    """How much was sent and is being sent, all as it is at one moment: what leaves the one enters the other."""
    left = (
        select(literal("left").label("where"), Departure.route, Departure.provider, func.sum(Departure.n).label("n"))
        .where(Departure.hour > now_in(-_DAY_SECONDS))
        .group_by(Departure.route, Departure.provider)
    )
    in_hand = (
        select(literal("in hand"), literal(RELAY), Count.provider, func.sum(Count.n))
        .join(Campaign, Campaign.id == Count.campaign_id)
        .where(Campaign.state.in_(_UNDER_WAY), Campaign.collapsed_at.is_(None), Count.state.in_(HELD), Count.n > 0)
        .group_by(Count.provider)
    )
    found = Use()
    for where, route, provider, n in session.execute(union_all(left, in_hand)):
        counter = found.left if where == "left" else found.in_hand
        for scope in (limit.ALL, f"{limit.ROUTE}{route}", f"{limit.PROVIDER}{provider}"):
            counter[scope] += int(n)
    return found


def cap(terms: Terms, now: datetime) -> int | None:
    """The most that may leave in a day, by its cap or its warm-up, whichever is lower."""
    warming = ramp.ceiling(ramp.day(terms.warm_up_from, now)) if terms.warm_up_from else None
    return min((most for most in (terms.per_day, warming) if most is not None), default=None)


def _quiet(way: Mapping[str, Terms], zone: str, now: datetime) -> bool:
    """Whether quiet hours keep what passes these scopes."""
    return any(terms.quiet and quiet(now, terms.quiet, zone) for terms in way.values())


def _left(way: Mapping[str, Terms], used: Use, now: datetime) -> int | None:
    """How many more the caps allow; None where there is none."""
    caps = {scope: cap(terms, now) for scope, terms in way.items()}
    return min((max(0, most - used.of(scope)) for scope, most in caps.items() if most is not None), default=None)


def _passed(terms: Mapping[str, Terms], provider: str) -> dict[str, Terms]:
    """The terms that a provider's messages pass through."""
    return {scope: terms.get(scope, Terms()) for scope in limit.passed(provider)}
