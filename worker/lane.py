"""A lane: one provider's queue in one worker. Reserve, claim, begin, transmit, record, refund."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

from mailer import clock, log
from mailer.errors import UnavailableError
from worker import claim
from worker.batch import Batch, Pace
from worker.claim import Claimed
from worker.office import Office
from worker.record import record
from worker.throttle import Grant, Level, News
from worker.transport import Fate, Outcome, Parcel

_LARGEST_BATCH = 200
_FIRST_BATCH = 10
_LONGEST_WAIT = 0.5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0


class Lane:
    """Sends for the campaigns that it is assigned, the one served longest ago first."""

    def __init__(self, office: Office, provider: str) -> None:
        self._office = office
        self._provider = provider
        self._campaigns: set[int] = set()
        self._served: dict[int, float] = {}
        self._levels: list[Level] = []
        self._batch = _FIRST_BATCH
        self._pause = 0.0
        self._in_hand: Batch | None = None
        self._stopped = asyncio.Event()
        most = office.installation.settings.connections
        self._connections = [office.transport.connect() for _ in range(most)]

    def assign(self, campaigns: set[int], levels: list[Level]) -> None:
        """The campaigns that have something for this provider, and the limits to keep."""
        self._campaigns, self._levels = campaigns, levels

    def rest(self) -> None:
        """There is nothing to claim any more; what is in hand is finished under the limits it has."""
        self._campaigns = set()

    def stop(self) -> None:
        """Claim nothing more, begin nothing more."""
        self._stopped.set()

    def waiting(self) -> list[int]:
        """The deliveries in hand that have not been begun."""
        return self._in_hand.waiting if self._in_hand else []

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(connection.close() for connection in self._connections))

    async def run(self) -> None:
        """Until there is nothing to claim or the lane is stopped; a fault is said, and waited out."""
        while self._campaigns and not self._stopped.is_set():
            try:
                if grant := await self._reserve(self._batch):
                    used = await self._serve(grant)
                    await self._office.report(self._levels, News(grant.granted - used))
            except UnavailableError as error:
                # Only who is to stop is told so: the journal of this process tells others what was in hand.
                log.logger().warning("lane.stopped", provider=self._provider, why=str(error))
                return
            except Exception:  # noqa: BLE001 — one provider's fault must not stop the others, nor spin
                log.logger().exception("lane.broke", provider=self._provider)
                self._hold()
            if self._pause:
                await self._rest()

    def _hold(self) -> None:
        """Pause before the next batch, longer each time."""
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)

    async def _reserve(self, want: int) -> Grant | None:
        """A grant, or ``None`` after having waited for one in vain."""
        grant = await self._office.reserve(self._levels, want)
        if grant.granted:
            return grant
        # The others wait for the same moment: spread, so that not all ask at once.
        await asyncio.sleep(min(grant.wait, _LONGEST_WAIT) * random.uniform(1.0, 1.2))  # noqa: S311 — spreads load
        return None

    async def _serve(self, grant: Grant) -> int:
        """Use a grant for the campaign served longest ago; how much of it was used."""
        granted_at = clock.monotonic()
        if not self._campaigns or self._stopped.is_set():
            return 0
        campaign = min(self._campaigns, key=lambda number: self._served.get(number, 0.0))
        self._served[campaign] = clock.monotonic()
        token = self._office.journal.claim()
        lease = self._office.installation.settings.lease
        lease_over = clock.monotonic() + lease
        rows = await self._office.write(
            lambda session: claim.claim(session, campaign, self._provider, grant.granted, token, lease)
        )
        if not rows:
            self._office.journal.settled(token)
            self._campaigns = self._campaigns - {campaign}
            return 0
        ready = await self._begin(campaign, rows, token)
        pace = Pace(granted_at, grant.interval, self._renew)
        self._in_hand = Batch(
            ready, token, self._office.journal, pace, lambda number: self._may_go(campaign, number), lease_over
        )
        outcomes = await self._in_hand.transmit(self._connections)
        await self._record(outcomes, token)
        self._office.journal.settled(token)
        self._look_back([outcome for _, outcome in outcomes], clock.monotonic() - granted_at)
        return len(rows)

    async def _begin(
        self, campaign: int, rows: Sequence[Claimed], token: str
    ) -> list[tuple[Claimed, Parcel | Outcome]]:
        """Make each row's message, then commit that they are about to go; where that fails they go back."""
        office = self._office
        try:
            issue = await office.read(lambda session: office.letters.learn(session, campaign, rows))
            parcels = office.letters.parcels(issue, rows)
        except Exception:
            await office.write(lambda session: claim.release(session, [row.id for row in rows], token))
            office.journal.settled(token)
            raise
        begun = await office.write(lambda session: claim.begin(session, [row.id for row in rows], token))
        return [(row, parcel) for row, parcel in zip(rows, parcels, strict=True) if row.id in begun]

    async def _record(self, outcomes: Sequence[tuple[Claimed, Outcome]], token: str) -> None:
        """Write down what is known, tried again whatever the fault: forgotten, all of it would be in doubt."""
        lifetime = self._office.installation.settings.lifetime
        while True:
            try:
                return await self._office.write(lambda session: record(session, outcomes, token, lifetime))
            except UnavailableError:
                raise
            except Exception:
                log.logger().exception("record.broke", provider=self._provider)
                if self._stopped.is_set():
                    raise
                self._hold()
                await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), self._pause)

    def _may_go(self, campaign: int, delivery: int) -> bool:
        """Whether a row in hand may be begun: not stopped, not paused, not withdrawn."""
        office = self._office
        return not self._stopped.is_set() and campaign in office.sending and delivery not in office.unwanted

    def _look_back(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Batches of about a second, so that a stop or a death touches little; a pause where nothing left at all."""
        if outcomes and all(outcome.fate in (Fate.UNSENT, Fate.KEPT) for outcome in outcomes):
            self._hold()
            # What a server would not take weighs more than what we held back ourselves.
            first = max(outcomes, key=lambda outcome: outcome.fate is Fate.UNSENT)
            happening = "relay.unavailable" if first.fate is Fate.UNSENT else "batch.kept"
            if not self._stopped.is_set():
                log.logger().warning(happening, provider=self._provider, why=first.reply, retry_in=self._pause)
            return
        self._pause = 0.0
        self._batch = max(1, min(_LARGEST_BATCH, int(len(outcomes) / max(seconds, 0.001)), self._batch * 2))

    async def _renew(self) -> None:
        """Wait for one more place in time, in exchange for one that has gone stale."""
        while not self._stopped.is_set() and await self._reserve(1) is None:
            pass
