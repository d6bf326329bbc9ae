"""A drain: one lane per provider side by side, until nothing is left, time is up, or the worker stops.

Lanes share nothing but the office, so that one slow provider never holds up the others, not even at the end.
"""

import asyncio
from collections import defaultdict

from sqlalchemy.orm import Session

from mailer import clock, log
from mailer.campaign.allowance import Allowance, Pair, allowances
from mailer.campaign.ledger import finish
from worker.claim import lanes, sending, unwanted
from worker.lane import Lane, Turn
from worker.office import Office

_POLL_SECONDS = 0.5
_SLOW_SECONDS = 1.5


class Drain:
    """One run. Campaign states, limits and withdrawals are read anew every half second."""

    def __init__(self, office: Office, until: float) -> None:
        self._office = office
        self._until = until
        self._lanes: dict[str, Lane] = {}
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._leaving: set[str] = set()

    async def run(self) -> bool:
        """Send; whether there is more to do and somebody should go on."""
        left = True
        try:
            while left and not self._office.stopping() and not await self._wind_up():
                left = await self._poll() or bool(self._tasks)
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=_POLL_SECONDS)
        finally:
            await self._end()
        for number in await self._office.write(finish):
            log.logger().info("campaign.finished", campaign=number)
        return left and not self._office.stopping()

    async def _wind_up(self) -> bool:
        """Once time is up, have all lanes end; whether none is left running.

        Those that wait for a slow server are stopped first, and the others go on until these have ended, rather than
        wait for them as well.
        """
        if clock.monotonic() < self._until:
            return False
        self._collect()
        self._leaving |= {provider for provider, lane in self._lanes.items() if lane.stands_still(_SLOW_SECONDS)}
        if not self._leaving.isdisjoint(self._tasks.values()):
            for provider in self._leaving:
                self._lanes[provider].stop()
            return False
        for lane in self._lanes.values():
            lane.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_POLL_SECONDS)
        self._collect()
        # One that looked quick and was not: the others go on after all.
        self._leaving |= set(self._tasks.values())
        for provider in self._lanes.keys() - self._leaving:
            self._lanes[provider].go_on()
        return not self._tasks

    async def _end(self) -> None:
        """What is in hand is finished; nothing of a drain outlives it."""
        for lane in self._lanes.values():
            lane.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._collect()
        for lane in self._lanes.values():
            await lane.close()

    async def _poll(self) -> bool:
        """Look at the ledger: give each lane its campaigns and limits; whether anything can be claimed."""
        self._collect()
        in_hand = [number for lane in self._lanes.values() for number in lane.waiting()]
        # One look for all: a campaign that has lanes is one that is being sent.
        found, allowed, self._office.sending, self._office.unwanted = await self._office.read(
            lambda session: (*_allowed(session), sending(session), unwanted(session, in_hand))
        )
        for provider, campaigns in allowed.items():
            if provider not in self._lanes:
                self._lanes[provider] = Lane(self._office, provider)
            lane = self._lanes[provider]
            lane.assign({number: Turn(found[provider, number], ways) for number, ways in campaigns.items()})
            if provider not in self._leaving and provider not in self._tasks.values():
                self._tasks[asyncio.create_task(lane.run())] = provider
        for provider in self._lanes.keys() - allowed.keys():
            self._lanes[provider].rest()
        return bool(allowed)

    def _collect(self) -> None:
        """Forget lanes that have come to their end."""
        for task in [task for task in self._tasks if task.done()]:
            provider = self._tasks.pop(task)
            if fault := task.exception():
                log.logger().error("lane.broke", provider=provider, exc_info=fault)


_Allowed = dict[str, dict[int, tuple[Allowance, ...]]]


def _allowed(session: Session) -> tuple[dict[Pair, bool], _Allowed]:
    """What can be claimed, with whether it is a test; and what of it may go, by provider and campaign, and how."""
    found = lanes(session)
    by_provider: _Allowed = defaultdict(dict)
    for (provider, number), ways in allowances(session, found).items():
        by_provider[provider][number] = ways
    return found, by_provider
