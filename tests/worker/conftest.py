"""A transport without a network: it keeps what it is handed and answers as told."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mailer import clock
from mailer.installation import Installation
from mailer.model import DeliveryState
from mailer.report.figures import figures
from tests.worker.authority import Authority
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


async def drained(office: Office, seconds: float = 60.0, enough: Callable[[], bool] | None = None) -> bool:
    """One drain to its end, or told to stop once there is ``enough`` to see; whether it says that there is more.

    It ends by itself when nothing is due any more: its time is for a machine that stands still meanwhile.
    """
    before = office.stopping
    office.stopping = enough or before
    try:
        return await Drain(office, clock.monotonic() + seconds).run()
    finally:
        office.stopping = before


@pytest.fixture
def drain(office: Office) -> Run:
    """The same, run."""
    return lambda *args, **kw: asyncio.run(drained(office, *args, **kw))


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """All that has been said so far."""
    said: list[str] = []

    def so_far() -> str:
        said.append("".join(capfd.readouterr()))
        return "".join(said)

    return so_far


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom we trust."""
    return Authority(tmp_path_factory.mktemp("authorities") / "ours")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom we do not."""
    return Authority(tmp_path_factory.mktemp("authorities") / "theirs")


def states(house: Installation, campaign: int) -> Counter[DeliveryState]:
    """How many deliveries of a campaign are in each state, by its counts."""
    with house.database.read() as session:
        return +figures(session, campaign).states
