"""Allowance: what may go now, by limits, caps, warm-ups, quiet hours and holds.

A worker asks twice: a drain what it may open lanes for and at which pace, and a claim how many it
may take. The first is a look; the second is exact, however many workers claim at once.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from mailer.campaign import limit, ramp
from mailer.campaign.defaults import Terms
from mailer.campaign.quiet import quiet
from mailer.campaign.route import RELAY, Way, fit, ways
from mailer.db.types import now_in
from mailer.model import Campaign, Delivery, DeliveryState, Departure, Limit, Newsletter, Topic
from mailer.model.delivery import among

Pair = tuple[str, int]
"""A provider and a campaign."""

# A bucket is an hour long: that which began within twenty-five hours may hold something of the last twenty-four.
_DAY_SECONDS = 25 * 3600


@dataclass(frozen=True, slots=True)
class Allowance:
    """What mail for one provider may go by one way, and its limits, each with the scope whose messages share it.

    ``levels``: scope, messages a second, and whether that is a ceiling which the pace works itself up to; each way
    finds a pace of its own. ``connections``: scope, and how many at once over all workers.
    """

    way: Way
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


def allowances(session: Session, pairs: Collection[Pair]) -> dict[Pair, tuple[Allowance, ...]]:
    """For each of ``pairs`` by which ways it may go now: nothing held, in quiet hours, or at the end of a cap.

    Test mails are kept by holds alone. What may not go at all is not there.
    """
    routes = ways(session)
    terms = limit.in_force(session, routes)
    found = _open(session, routes, terms, pairs)
    return {pair: tuple(_allowance(terms, way, pair[0]) for way in free) for pair, free in found.items()}


def _allowance(terms: Mapping[str, Terms], way: Way, provider: str) -> Allowance:
    passed = _passed(terms, way, provider)
    return Allowance(
        way,
        levels=tuple(_level(scope, way, each.per_second) for scope, each in passed.items() if each.per_second),
        connections=tuple((scope, each.connections) for scope, each in passed.items() if each.connections),
    )


def _level(scope: str, way: Way, rate: float) -> tuple[str, float, bool]:
    """A provider's pace is one way's own: it goes by the address that it sees."""
    adaptive = scope.startswith(limit.PROVIDER)
    return (f"{scope}@{way.name}" if adaptive else scope, rate, adaptive)


def _open(
    session: Session, routes: Sequence[Way], terms: Mapping[str, Terms], pairs: Collection[Pair]
) -> dict[Pair, list[Way]]:
    """The routes that may be used at this moment, for each pair that has any."""
    columns = (Campaign.id, Campaign.test, Newsletter.id.label("newsletter"), Newsletter.zone, now_in().label("now"))
    asked = select(*columns).join(Topic, Topic.id == Campaign.topic_id)
    found = session.execute(
        asked.join(Newsletter, Newsletter.id == Topic.newsletter_id).where(Campaign.id.in_({each for _, each in pairs}))
    )
    campaigns = {row.id: row for row in found}
    met = [
        (pair, way, _passed(terms, way, pair[0]))
        for pair in pairs
        for way in fit(routes, pair[0], campaigns[pair[1]].newsletter)
    ]
    # What is capped elsewhere is nothing to these.
    capped = any(each.capped for _, _, passed in met for each in passed.values())
    used = use(session) if capped else Use()
    opened: dict[Pair, list[Way]] = defaultdict(list)
    for pair, way, passed in met:
        campaign = campaigns[pair[1]]
        held = any(each.held for each in passed.values())
        kept = _quiet(passed, campaign.zone, campaign.now) or _left(passed, used, campaign.now) == 0
        if not held and (campaign.test or not kept):
            opened[pair].append(way)
    return opened


def room(session: Session, pair: Pair, name: str, most: int, *, test: bool) -> int:
    """How many of ``most`` a claim may take that goes by the way of this name.

    What is capped stays locked until the unit of work ends, in which the claim is written: so those
    who claim side by side never take more together than a cap leaves.
    """
    routes = ways(session)
    terms = limit.in_force(session, routes)
    way = next((each for each in _open(session, routes, terms, {pair}).get(pair, ()) if each.name == name), None)
    if way is None:
        return 0
    capped = [scope for scope, each in _passed(terms, way, pair[0]).items() if each.capped]
    if test or not capped:
        return most
    locked = select(Limit.scope, now_in().label("now")).where(Limit.scope.in_(capped)).order_by(Limit.scope)
    now = [row.now for row in session.execute(locked.with_for_update())]
    # Asked once the locks are ours: whoever had them before has written what they took.
    used = use(session)
    left = _left(_passed(limit.in_force(session, routes), way, pair[0]), used, max(now)) if now else None
    return most if left is None else min(most, left)


def use(session: Session) -> Use:
    """How much was sent and is being sent, all as it is at one moment: what leaves the one enters the other."""
    left = (
        select(literal("left").label("where"), Departure.route, Departure.provider, func.sum(Departure.n).label("n"))
        .where(Departure.hour > now_in(-_DAY_SECONDS))
        .group_by(Departure.route, Departure.provider)
    )
    route = func.coalesce(Delivery.route, RELAY)
    in_hand = (
        select(literal("in hand"), route, Delivery.provider, func.count())
        .where(among([DeliveryState.SENDING]))
        .group_by(route, Delivery.provider)
    )
    found = Use()
    for where, by, provider, n in session.execute(union_all(left, in_hand)):
        counter = found.left if where == "left" else found.in_hand
        for scope in (limit.ALL, f"{limit.ROUTE}{by}", f"{limit.PROVIDER}{provider}"):
            counter[scope] += int(n)
    return found


def cap(terms: Terms, now: datetime) -> int | None:
    """The most that may leave in a day, by its cap or its warm-up, whichever is lower."""
    warming = ramp.ceiling(ramp.day(terms.warm_up_from, now)) if terms.warm_up_from else None
    return min((most for most in (terms.per_day, warming) if most is not None), default=None)


def _quiet(passed: Mapping[str, Terms], zone: str, now: datetime) -> bool:
    """Whether quiet hours keep what passes these scopes."""
    return any(terms.quiet and quiet(now, terms.quiet, zone) for terms in passed.values())


def _left(passed: Mapping[str, Terms], used: Use, now: datetime) -> int | None:
    """How many more the caps allow; None where there is none."""
    caps = {scope: cap(terms, now) for scope, terms in passed.items()}
    return min((max(0, most - used.of(scope)) for scope, most in caps.items() if most is not None), default=None)


def _passed(terms: Mapping[str, Terms], way: Way, provider: str) -> dict[str, Terms]:
    """The terms that a provider's messages pass through on a way."""
    return {scope: terms.get(scope, Terms()) for scope in limit.passed(way.name, provider)}
