"""A lane's connections by one way: opened when first needed, each leased where they are capped over all workers."""

import asyncio
from collections.abc import Sequence

from mailer.campaign.route import Way
from worker.office import Office
from worker.throttle import Cap
from worker.transport import Connection


class Connections:
    """As many as the settings give one lane; ``holder`` is a name that no other lane of any worker has."""

    def __init__(self, office: Office, way: Way, holder: str) -> None:
        most = office.installation.settings.connections
        self._office = office
        self._all = [office.routes.connect(way) for _ in range(most)]
        self._tokens = [f"{holder}-{number}" for number in range(most)]
        self._caps: Sequence[Cap] = ()

    async def lease(self, caps: Sequence[Cap]) -> Sequence[Connection]:
        """Those that may be used for one batch; where others hold all, none."""
        self._caps = caps
        # No longer than that may a batch last, which keeps its rows by a lease as well.
        ttl = self._office.installation.settings.lease
        held = await self._office.lease(caps, self._tokens, len(self._tokens), ttl)
        # Servers count what is open, used or not.
        await self._close(self._all[held:])
        return self._all[:held]

    async def give_back(self) -> None:
        """Let others have what is leased, closed first. What is not leased stays open for the next batch."""
        if self._caps:
            await self.close()
            await self._office.lease(self._caps, self._tokens, 0, 0.0)
            self._caps = ()

    async def close(self) -> None:
        """Close all; each is opened again where it is used again."""
        await self._close(self._all)

    @staticmethod
    async def _close(connections: Sequence[Connection]) -> None:
        await asyncio.gather(*(connection.close() for connection in connections))
