"""A drain: one lane per provider side by side, until nothing is left, time is up, or the worker stops.

Lanes share nothing but the office, so that one slow provider never holds up the others.
"""

import asyncio

from mailer import clock
from mailer.campaign.ledger import finish
from worker.claim import lanes, rate_limits, sending, unwanted
from worker.lane import Lane
from worker.office import Office
from worker.throttle import Level

_POLL_SECONDS = 0.5


class Drain:
    """One run. Campaign states, limits and withdrawals are read anew every half second."""

    def __init__(self, office: Office, until: float) -> None:
        self._office = office
        self._until = until
        self._lanes: dict[str, Lane] = {}
        self._tasks: dict[asyncio.Task[None], str] = {}

    async def run(self) -> bool:
        """Send; whether there is more to do and somebody should go on."""
        left = True
        try:
            while left and not self._over():
                left = await self._poll() or bool(self._tasks)
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=_POLL_SECONDS)
        finally:
            await self._end()
        await self._office.write(finish)
        return left and not self._office.stopping()

    async def _end(self) -> None:
        """What is in hand is finished; nothing of a drain outlives it."""
        for lane in self._lanes.values():
            lane.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lane in self._lanes.values():
            await lane.close()

    def _over(self) -> bool:
        return self._office.stopping() or clock.monotonic() >= self._until

    async def _poll(self) -> bool:
        """Look at the ledger: give each lane its campaigns and limits; whether anything can be claimed."""
        self._collect()
        in_hand = [number for lane in self._lanes.values() for number in lane.waiting()]
        # One look for all: a campaign that has lanes is one that is being sent.
        found, limits, self._office.sending, self._office.unwanted = await self._office.read(
            lambda session: (lanes(session), rate_limits(session), sending(session), unwanted(session, in_hand))
        )
        for provider in {provider for provider, _ in found}:
            lane = self._lanes.setdefault(provider, Lane(self._office, provider))
            scopes = ("all", f"provider:{provider}")
            levels = [Level(scope, limits[scope]) for scope in scopes if scope in limits]
            lane.assign({campaign for p, campaign in found if p == provider}, levels)
            if provider not in self._tasks.values():
                self._tasks[asyncio.create_task(lane.run())] = provider
        for provider in self._lanes.keys() - {provider for provider, _ in found}:
            self._lanes[provider].rest()
        return bool(found)

    def _collect(self) -> None:
        """Forget lanes that have come to their end."""
        for task in [task for task in self._tasks if task.done()]:
            del self._tasks[task]
