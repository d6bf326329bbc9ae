"""A transport without a network: it keeps what it is handed and answers as told."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mailer import clock
from mailer.installation import Installation
from mailer.model import DeliveryState
from mailer.report.figures import figures
from worker.drain import Drain
from worker.journal import Journal
from worker.office import Office
from worker.route import Routes
from worker.throttle.sql import SqlThrottle
from worker.transport import Fate, Outcome, Parcel

LIFETIME = 172_800.0
"""Seconds for which a delivery is tried again."""


Run = Callable[..., bool]


class MemoryTransport:
    """Every parcel in ``sent``; ``answer`` decides its outcome."""

    timeout = 1.0

    def __init__(self) -> None:
        self.sent: list[Parcel] = []
        self.answer: Callable[[Parcel], Outcome] = lambda _: Outcome(Fate.SENT, 250)

    def connect(self) -> "MemoryTransport":
        return self

    async def send(self, parcel: Parcel, leaving: Callable[[], None], _: object = None) -> Outcome:
        await asyncio.sleep(0)
        leaving()
        self.sent.append(parcel)
        return self.answer(parcel)

    async def close(self) -> None:
        pass


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def journal(house: Installation) -> Iterator[Journal]:
    made = Journal(house.settings.home, house.keys.fingerprint())
    yield made
    made.close()


@pytest.fixture
def office(house: Installation, transport: MemoryTransport, journal: Journal) -> Office:
    return Office(house, SqlThrottle(house), Routes(lambda _: transport), lambda: False, journal)


@pytest.fixture
def drain(office: Office) -> Callable[[], bool]:
    """Run one drain to its end; whether it says that there is more."""

    def run(seconds: float = 20.0) -> bool:
        return asyncio.run(Drain(office, clock.monotonic() + seconds).run())

    return run


def states(house: Installation, campaign: int) -> Counter[DeliveryState]:
    """How many deliveries of a campaign are in each state, by its counts."""
    with house.database.read() as session:
        return +figures(session, campaign).states
