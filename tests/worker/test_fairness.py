"""Who gets their turn: the others beside a slow server, a test mail before the rest, campaigns one after the other."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import groupby, islice, pairwise

import pytest
from sqlalchemy import select

from mailer import clock
from mailer.audience.enrol import enrol
from mailer.campaign import campaign as life
from mailer.campaign import limit, proof
from mailer.demo.people import people
from mailer.i18n import EN
from mailer.installation import Installation
from mailer.model import Campaign, Delivery, DeliveryState, Topic
from mailer.reply import CLASSES
from tests.patience import meanwhile
from tests.worker.conftest import MemoryTransport, Run, states
from worker import tempo
from worker.drain import Drain
from worker.office import Office
from worker.throttle import Grant, Level
from worker.transport import Fate, Outcome, Parcel

QUICK_SECONDS, SLOW_SECONDS, BEAT_SECONDS = 0.3, 5.0, 0.05
OTHERS = ("@yahoo.com.hk", "@outlook.com", "@hotmail.com")


@pytest.fixture
def crowd(house: Installation, campaign: Campaign, topic: Topic) -> Campaign:
    """The campaign with so many people that no lane runs dry."""
    list(enrol(house.database, house.keys, topic, "test-2", islice(people(1000), 40, None)))
    with house.database.write() as session:
        found = session.get_one(Campaign, campaign.id)
        life.start(session, found, "Ada")
        return found


@pytest.mark.promise(10)
@pytest.mark.databases("sqlite")
def test_a_server_that_takes_seconds_costs_the_others_no_time(
    crowd: Campaign, office: Office, transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert crowd
    began = clock.monotonic()
    answered: list[tuple[float, str]] = []

    async def send(parcel: Parcel, leaving: Callable[[], None], _: object = None) -> Outcome:
        leaving()
        await asyncio.sleep(SLOW_SECONDS if parcel.recipient.endswith("@gmail.com") else QUICK_SECONDS)
        answered.append((clock.monotonic(), parcel.recipient))
        return Outcome(Fate.SENT, 250)

    monkeypatch.setattr(transport, "send", send)
    beats: list[float] = []
    # One drain after the other, as in a worker; each has two seconds.
    with meanwhile(lambda: beats.append(clock.monotonic()), BEAT_SECONDS):
        while clock.monotonic() < began + 9.0:
            asyncio.run(Drain(office, clock.monotonic() + 2.0).run())
    assert 0 < sum(recipient.endswith("@gmail.com") for _, recipient in answered) <= 12
    times = [began, *(at for at, recipient in answered if recipient.endswith(OTHERS)), clock.monotonic()]
    # Told by standing still, not by how many went: that depends on what else this machine does. A message, the
    # end of a drain and the begin of the next take less than a second. And at times all of this machine stands still.
    still = _longer(times, 1.0) - _longer(beats, 2 * BEAT_SECONDS)
    assert still < 0.05 * (times[-1] - began)


def _longer(times: Sequence[float], than: float) -> float:
    """For how long nothing happened beyond what is usual; seconds."""
    return sum(max(0.0, later - earlier - than) for earlier, later in pairwise(times))


def test_a_test_mail_goes_before_what_waits(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        found = session.get_one(Campaign, sending.id)
        proof.send(session, house.keys, found.edition, found.topic, EN, "ada@gmail.com", "Ada")
    drain()
    gmail = [parcel.recipient for parcel in transport.sent if parcel.recipient.endswith("@gmail.com")]
    assert (gmail[0], len(gmail) > 10) == ("ada@gmail.com", True)


def test_campaigns_take_turns(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    drain: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempo, "_FIRST_BATCH", 3)
    monkeypatch.setattr(tempo, "LARGEST_BATCH", 3)
    with house.database.write() as session:
        found = session.get_one(Campaign, sending.id)
        second = life.create(session, found.edition, found.topic, "Ada")
        life.start(session, second, "Ada")
    drain()
    with house.database.read() as session:
        rows = session.execute(select(Delivery.id, Delivery.campaign_id).where(Delivery.provider == "gmail"))
        campaigns = dict(rows.all())
    turns = groupby(campaigns[parcel.delivery_id] for parcel in transport.sent if parcel.delivery_id in campaigns)
    sizes = [(campaign, len(list(rows))) for campaign, rows in turns]
    assert {campaign for campaign, _ in sizes} == {sending.id, second.id}
    assert len(sizes) >= 8
    assert all(size <= 3 for _, size in sizes)


@pytest.mark.databases("sqlite")
def test_nobody_takes_a_second_of_what_all_share(
    house: Installation,
    crowd: Campaign,
    transport: MemoryTransport,
    office: Office,
    drain: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others would stand still for as long, each in its turn."""
    assert crowd
    with house.database.write() as session:
        limit.lift(session, "Ada")
        limit.change(session, "all", "Ada", per_second=100.0)
    granted: list[int] = []
    reserve = office.throttle.reserve

    def noted(levels: Sequence[Level], want: int) -> Grant:
        grant = reserve(levels, want)
        granted.append(grant.granted)
        return grant

    monkeypatch.setattr(office.throttle, "reserve", noted)
    drain(enough=lambda: len(transport.sent) > 100)
    assert max(granted) == 10


def test_a_test_mail_that_cannot_go_holds_up_nobody(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        found = session.get_one(Campaign, sending.id)
        proof.send(session, house.keys, found.edition, found.topic, EN, "ada@gmail.com", "Ada")
        theirs = {*session.scalars(select(Delivery.id).where(Delivery.campaign_id == sending.id))}
    refused = Outcome(Fate.UNSENT, 550, kind=CLASSES["refused"])
    transport.answer = lambda mail: refused if mail.recipient == "ada@gmail.com" else Outcome(Fate.SENT, 250)
    drain(enough=lambda: theirs <= {mail.delivery_id for mail in transport.sent})
    assert len(theirs) == 40
    assert states(house, sending.id) == {DeliveryState.SENT: 40}
