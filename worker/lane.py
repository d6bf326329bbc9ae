"""A lane: one provider's queue in one worker. Reserve, claim, begin, transmit, record, refund."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

from mailer import clock, log
from worker import claim
from worker.claim import Claimed
from worker.office import Office
from worker.throttle import Grant, Level
from worker.transport import Connection, Fate, Outcome, Parcel

_LARGEST_BATCH = 200
_FIRST_BATCH = 10
_LONGEST_WAIT = 0.5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
# A grant older than this is asked for anew: what waited (for the database, for a slow server)
# may not go out on top of what others send meanwhile.
_STALE_SECONDS = 0.05


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
        """Claim nothing more; what is in hand is finished."""
        self._stopped.set()

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(connection.close() for connection in self._connections))

    async def run(self) -> None:
        """Until there is nothing to claim or the lane is stopped."""
        while self._campaigns and not self._stopped.is_set():
            asked = clock.monotonic()
            if grant := await self._reserve(self._batch):
                used = await self._serve(grant, asked)
                if used < grant.granted:
                    await asyncio.to_thread(self._office.throttle.refund, self._levels, grant.granted - used)
                await self._recover()

    async def _serve(self, grant: Grant, granted_at: float) -> int:
        """Use a grant for the campaign served longest ago; how much of it was used."""
        if not self._campaigns or self._stopped.is_set():
            return 0
        campaign = min(self._campaigns, key=lambda number: self._served.get(number, 0.0))
        self._served[campaign] = clock.monotonic()
        used = await self._send_batch(campaign, grant, granted_at)
        if not used:
            self._campaigns = self._campaigns - {campaign}
        return used

    async def _recover(self) -> None:
        """After a batch of which nothing left, wait: the relay is away, and longer the longer it is."""
        if self._pause:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), self._pause)

    async def _reserve(self, want: int) -> Grant | None:
        """A grant, or ``None`` after having waited for one in vain."""
        grant = await asyncio.to_thread(self._office.throttle.reserve, self._levels, want)
        if grant.granted:
            return grant
        # The others wait for the same moment: spread, so that not all ask at once.
        await asyncio.sleep(min(grant.wait, _LONGEST_WAIT) * random.uniform(1.0, 1.2))  # noqa: S311 — spreads load
        return None

    async def _send_batch(self, campaign: int, grant: Grant, granted_at: float) -> int:
        """Claim at most what was granted and see each row to its outcome; how many there were."""
        office, name = self._office, claim.token()
        lease = office.installation.settings.lease
        safe_until = clock.monotonic() + lease - office.installation.settings.smtp_timeout
        rows = await office.write(
            lambda session: claim.claim(session, campaign, self._provider, grant.granted, name, lease)
        )
        if not rows:
            return 0
        await office.read(lambda session: office.letters.learn(session, campaign, rows))
        begun = await office.write(lambda session: claim.begin(session, [row.id for row in rows], name))
        rows = [row for row in rows if row.id in begun]
        parcels = office.letters.parcels(campaign, rows)
        started = clock.monotonic()
        batch = _Batch(self, rows, parcels, (granted_at, grant.interval), safe_until)
        outcomes = await batch.transmit(self._connections)
        self._pace(len(rows), clock.monotonic() - started)
        self._look_back([outcome for _, outcome in outcomes])
        await office.write(lambda session: claim.record(session, outcomes, name))
        return len(rows)

    def _pace(self, sent: int, seconds: float) -> None:
        """Batches of about a second, so that a stop or a death touches little."""
        self._batch = max(1, min(_LARGEST_BATCH, int(sent / max(seconds, 0.001)), self._batch * 2))

    def _look_back(self, outcomes: list[Outcome]) -> None:
        """Say so where the relay took nothing at all, and pause before the next batch."""
        if not all(outcome.fate is Fate.UNSENT for outcome in outcomes):
            self._pause = 0.0
            return
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        log.logger().warning("relay.unavailable", provider=self._provider, why=outcomes[0].reply, retry_in=self._pause)

    async def renew(self) -> None:
        """Wait for one more place in time, in exchange for one that has gone stale."""
        while await self._reserve(1) is None:
            pass


class _Batch:
    """The rows of one grant on their way, shared among the lane's connections."""

    def __init__(
        self,
        lane: Lane,
        rows: Sequence[Claimed],
        parcels: Sequence[Parcel | Outcome],
        timing: tuple[float, float],
        safe_until: float,
    ) -> None:
        self._lane = lane
        self._waiting = list(enumerate(zip(rows, parcels, strict=True)))[::-1]
        self._start, self._interval = timing
        self._safe_until = safe_until
        self._outcomes: list[tuple[Claimed, Outcome]] = []

    async def transmit(self, connections: Sequence[Connection]) -> list[tuple[Claimed, Outcome]]:
        """Each row with its outcome; every row has one, whatever the connections do."""
        await asyncio.gather(*(self._work(c) for c in connections[: len(self._waiting)]))
        return self._outcomes

    async def _work(self, connection: Connection) -> None:
        while self._waiting:
            place, (row, parcel) = self._waiting.pop()
            if isinstance(parcel, Outcome):
                self._outcomes.append((row, parcel))
                continue
            await self._keep_time(place)
            # With less of the lease left than a server may take to answer, another worker could
            # send it meanwhile: it goes back instead.
            in_time = clock.monotonic() < self._safe_until
            outcome = await connection.send(parcel) if in_time else Outcome(Fate.UNSENT, reply="lease nearly over")
            self._outcomes.append((row, outcome))

    async def _keep_time(self, place: int) -> None:
        """Messages of one grant go out evenly spaced; a place in time that was missed is asked for anew."""
        if not self._interval:
            return
        due = self._start + place * self._interval
        await asyncio.sleep(max(0.0, due - clock.monotonic()))
        if clock.monotonic() - due > _STALE_SECONDS:
            await self._lane.renew()
