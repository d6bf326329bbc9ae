"""A lane: one provider's queue in one worker. Lease, reserve, claim, transmit, record, report."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from mailer import clock, log
from mailer.campaign.allowance import Allowance
from mailer.campaign.route import Way
from mailer.errors import MisconfiguredError, UnavailableError
from worker import claim
from worker.batch import Batch
from worker.claim import Claimed
from worker.connections import Connections
from worker.letter import Issue
from worker.office import Office
from worker.pace import Pace, left
from worker.record import record
from worker.tempo import Tempo
from worker.throttle import Cap, Grant, Level, News
from worker.transport import Connection, Fate, Outcome

_SHARE = 0.1
"""Of a second's worth of what lanes share, such as the limit of a route: a batch of more would have the others wait."""
_LONGEST_WAIT = 0.5
_LONGEST_RENEWAL = 5.0

_Grants = list[tuple[Grant, float]]
"""What the throttle granted for one batch, and when it was asked: the first, and what renewed it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A campaign that has something for a lane: whether it is a test, and the ways that it may go by."""

    test: bool
    ways: Sequence[Allowance]


class Lane:
    """Sends for the campaigns that it is assigned: test mails first, then the one served longest ago."""

    def __init__(self, office: Office, provider: str) -> None:
        self._office = office
        self._provider = provider
        self._campaigns: dict[int, Turn] = {}
        self._limits: dict[Way, Allowance] = {}
        self._served: dict[int, float] = {}
        self._turn_of = 0
        self._fruitless: set[int] = set()
        """Campaigns of which nothing left when it was last their turn."""
        self._tempo = Tempo(office.installation.settings.connections)
        self._in_hand: Batch | None = None
        self._stopped = asyncio.Event()
        self._connections: dict[Way, Connections] = {}

    def assign(self, campaigns: dict[int, Turn]) -> None:
        """The campaigns that have something for this provider."""
        self._campaigns = campaigns
        self._limits |= {each.way: each for turn in campaigns.values() for each in turn.ways}

    def rest(self) -> None:
        """There is nothing to claim any more; what is in hand is finished under the limits it has."""
        self._campaigns = {}

    def stop(self) -> None:
        """Claim nothing more, begin nothing more."""
        self._stopped.set()

    def go_on(self) -> None:
        """May be run again after having been stopped."""
        self._stopped.clear()

    def waiting(self) -> list[int]:
        """The deliveries in hand that have not been begun."""
        return self._in_hand.waiting if self._in_hand else []

    def stands_still(self, seconds: float) -> bool:
        """Whether it waits for a server that has answered nothing for so long."""
        return self._in_hand is not None and clock.monotonic() - self._in_hand.moved_at > seconds

    async def close(self) -> None:
        """Close the connections."""
        for connections in self._connections.values():
            await connections.close()

    async def run(self) -> None:
        """Until there is nothing to claim or the lane is stopped; a fault is said, and waited out."""
        try:
            while self._campaigns and not self._stopped.is_set():
                try:
                    await self._turn()
                except UnavailableError:
                    raise
                except MisconfiguredError as error:
                    # No key, or none that fits: what is wrong is said as it is, and the rows wait for it to be mended.
                    log.logger().error("lane.kept", provider=self._provider, why=str(error))
                    self._back_off()
                except Exception:  # noqa: BLE001 — one provider's fault must not stop the others, nor spin
                    log.logger().exception("lane.broke", provider=self._provider)
                    self._back_off()
                if self._tempo.pause:
                    await self._sit_out()
            for connections in self._connections.values():
                await connections.give_back()
        except UnavailableError as error:
            # Only who is to stop is told so: the journal of this process tells others what was in hand.
            log.logger().warning("lane.stopped", provider=self._provider, why=str(error))

    async def _turn(self) -> None:
        """One batch of the campaign whose turn it is, by one of its ways, under the limits of this moment."""
        campaign = self._turn_of = min(self._campaigns, key=self._precedence)
        allowance = self._office.routes.choose(self._campaigns[campaign].ways)
        connections = await self._by(allowance.way)
        if leased := await connections.lease([Cap(*cap) for cap in allowance.connections]):
            levels, asked_at = _levels(allowance), clock.monotonic()
            if grant := await self._reserve(levels):
                grants = [(grant, asked_at)]
                outcomes = await self._serve(campaign, allowance.way, grants, leased)
                await self._office.report(levels, _news(grants, outcomes))
        else:
            # All are held, perhaps by our own other ways.
            for other in self._connections.values():
                await other.give_back()
            await self._wait(_LONGEST_WAIT)

    def _precedence(self, campaign: int) -> tuple[bool, float]:
        # A test of which nothing could leave just now waits its turn: else the others would wait for it.
        first = self._campaigns[campaign].test and campaign not in self._fruitless
        return not first, self._served.get(campaign, 0.0)

    async def _by(self, way: Way) -> Connections:
        """The connections by a way; one that was changed meanwhile has new ones."""
        if way not in self._connections:
            for old in [each for each in self._connections if each.name == way.name]:
                await self._connections.pop(old).close()
            holder = f"{self._office.journal.name}:{self._provider}@{way.name}"
            self._connections[way] = Connections(self._office, way, holder)
        return self._connections[way]

    def _back_off(self) -> None:
        self._fruitless.add(self._turn_of)
        self._tempo.back_off()

    async def _reserve(self, levels: Sequence[Level]) -> Grant | None:
        """A grant, or ``None`` after having waited for one in vain."""
        least = self._office.installation.settings.connections
        shares = [max(least, int(level.per_second * _SHARE)) for level in levels if not level.adaptive]
        grant = await self._office.reserve(levels, min([self._tempo.batch, *shares]))
        if grant.granted:
            return grant
        await self._wait(min(grant.wait, _LONGEST_WAIT))
        return None

    @staticmethod
    async def _wait(seconds: float) -> None:
        # The others wait for the same moment: spread, so that not all ask at once.
        await asyncio.sleep(seconds * random.uniform(1.0, 1.2))  # noqa: S311 — spreads load

    async def _serve(
        self, campaign: int, way: Way, grants: _Grants, connections: Sequence[Connection]
    ) -> list[Outcome]:
        """Use a grant for a campaign, and those that renew it; what became of what was claimed."""
        granted_at = clock.monotonic()
        ((grant, _),) = grants
        if campaign not in self._campaigns or self._stopped.is_set():
            return []
        self._served[campaign] = clock.monotonic()
        ways = self._campaigns[campaign].ways
        token = self._office.journal.claim()
        lease_over = clock.monotonic() + self._office.installation.settings.lease
        rows, issue = await self._claim(campaign, grant.granted, token, way)
        if issue is None:
            self._office.journal.settled(token)
            self._campaigns = {number: turn for number, turn in self._campaigns.items() if number != campaign}
            return []
        pace = Pace(grant, granted_at, lambda wanted: self._renew(way, wanted, grants))
        with self._office.letters.making(issue) as make:
            batch = self._in_hand = Batch(
                rows,
                make,
                token,
                self._office.journal,
                pace,
                lambda number: self._may_go(campaign, number),
                lease_over,
            )
            outcomes = await self._send(batch, connections, token, way, ways)
        self._look_back(way, outcomes, clock.monotonic() - granted_at)
        return outcomes

    async def _claim(self, campaign: int, most: int, token: str, way: Way) -> tuple[list[Claimed], Issue | None]:
        """Commit that some rows are about to go, with what their mails need; where that cannot be had, none are."""
        office, tries = self._office, itertools.count()

        def take(session: Session) -> tuple[list[Claimed], Issue | None]:
            if next(tries):
                # The one before may have come through all the same, and its answer been lost.
                claim.release(session, token)
            lease = office.installation.settings.lease
            rows = claim.claim(session, campaign, self._provider, most, token, lease, way.name)
            return rows, office.letters.learn(session, campaign, rows) if rows else None

        try:
            return await office.write(take)
        except UnavailableError:
            # We are to stop: the journal tells others that nothing of it has left.
            raise
        except Exception:
            # What it took after all, if the answer alone was lost, a ticker hands back: the claim is not open.
            office.journal.settled(token)
            raise

    async def _send(
        self, batch: Batch, connections: Sequence[Connection], token: str, way: Way, ways: Sequence[Allowance]
    ) -> list[Outcome]:
        """Transmit what is begun, and record it whatever breaks: else it would be nobody's until this process ends."""
        begun = self._office.routes.begin(way, self._office.installation.settings.smtp_timeout)
        try:
            await batch.transmit(connections)
            outcomes = [outcome for _, outcome in batch.settled()]
            self._office.routes.tell(way, outcomes, begun)
        finally:
            self._in_hand = None
            await self._record(batch.settled(), token, way, ways)
            self._office.journal.settled(token)
        return outcomes

    async def _record(
        self, outcomes: Sequence[tuple[Claimed, Outcome]], token: str, way: Way, ways: Sequence[Allowance]
    ) -> None:
        """Write down what is known, tried again whatever the fault: forgotten, all of it would be in doubt."""
        lifetime = self._office.installation.settings.lifetime
        refusing = self._office.routes.refusing() | {way.name}
        if self._office.routes.detour(way, ways):
            outcomes = [(row, _untold(outcome)) for row, outcome in outcomes]
        while True:
            try:
                return await self._office.write(lambda session: record(session, outcomes, token, lifetime, refusing))
            except UnavailableError:
                raise
            except Exception:
                log.logger().exception("record.broke", provider=self._provider)
                # Who is to stop leaves it to the journal. A lane that is to claim no more still has this to say.
                if self._office.stopping():
                    raise
                self._back_off()
                await asyncio.sleep(self._tempo.pause)

    async def _sit_out(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), self._tempo.pause)

    def _may_go(self, campaign: int, delivery: int) -> bool:
        """Whether a row in hand may be begun: not stopped, not paused, not withdrawn."""
        office = self._office
        return not self._stopped.is_set() and campaign in office.sending and delivery not in office.unwanted

    def _look_back(self, way: Way, outcomes: Sequence[Outcome], seconds: float) -> None:
        """What a batch says of the next one; a pause where nothing left at all."""
        if outcomes and all(each.unreached or each.fate in (Fate.UNSENT, Fate.KEPT) for each in outcomes):
            self._back_off()
            # What a server would not take weighs more than what we held back ourselves.
            first = max(outcomes, key=lambda outcome: outcome.fate is not Fate.KEPT)
            happening = "relay.unavailable" if first.fate is not Fate.KEPT else "batch.kept"
            if not self._stopped.is_set():
                told = {"why": first.reply, "retry_in": self._tempo.pause}
                log.logger().warning(happening, provider=self._provider, route=way.name, **told)
            return
        self._fruitless.discard(self._turn_of)
        self._tempo.go_on(sum(outcome.fate is not Fate.KEPT for outcome in outcomes), seconds)

    async def _renew(self, way: Way, wanted: int, grants: _Grants) -> Grant:
        """Places under the limits of now, for some that were missed; none where there are none soon."""
        while not self._stopped.is_set():
            asked_at = clock.monotonic()
            grant = await self._office.reserve(_levels(self._limits[way]), wanted)
            if grant.granted:
                grants.append((grant, asked_at))
            if grant.granted or grant.wait > _LONGEST_RENEWAL:
                return grant
            await self._wait(min(grant.wait, _LONGEST_WAIT))
        return Grant(0, 0.0, 0.0)


def _untold(outcome: Outcome) -> Outcome:
    """What no session came about for says nothing of its message, which goes by another way as if never tried."""
    return replace(outcome, fate=Fate.UNSENT, kind=None) if outcome.unreached else outcome


def _levels(allowance: Allowance) -> list[Level]:
    return [Level(*level) for level in allowance.levels]


def _news(grants: _Grants, outcomes: Sequence[Outcome]) -> News:
    """What the throttle is told of a grant and of those that renewed it.

    Only the first counts as given: each renewed place stands for one of its places that was missed. A place whose
    time is over cannot be given back.
    """
    fates, now = Counter(outcome.fate for outcome in outcomes), clock.monotonic()
    unused = grants[0][0].granted - len(outcomes) + fates[Fate.KEPT]
    in_time = sum(left(grant, now - asked_at) for grant, asked_at in grants)
    return News(min(unused, in_time), fates[Fate.SENT], any(outcome.slows for outcome in outcomes))
