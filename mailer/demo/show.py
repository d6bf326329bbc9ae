"""The demo: an organisation, its people and its edition; sent through real workers to a sink; counted."""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from mailer import broker, clock, installation, queue, workers
from mailer.audience.enrol import enrol
from mailer.campaign import limit
from mailer.campaign.campaign import create, find, start
from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.config import Settings
from mailer.demo.mailbox import Mailbox
from mailer.demo.organisation import APPROVER, AUTHOR, DOMAIN, PUBLIC_URL, found
from mailer.demo.people import people
from mailer.demo.sink import PORT
from mailer.errors import MailerError, UnavailableError
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.model import CampaignState, Delivery, DeliveryState, Subscriber
from mailer.model.subscriber import place
from mailer.render.approval import approve
from mailer.report.figures import Figures, figures
from mailer.vault import Algorithm

_POLL_SECONDS = 0.2
_CHECK_SECONDS = 2.0
_START_SECONDS = 15.0
_CONSENT_FORM = "demo-1"
_SETTLED_UNSENT = (DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class Stage:
    """A demo that is set up: its installation, the campaign's number, the sink's mailbox."""

    installation: Installation
    campaign: int
    mailbox: Mailbox


@contextmanager
def _nothing_left_behind(settings: Settings) -> Iterator[None]:
    """Where a demo cannot even begin, its home and its key file are as before: it can be tried again."""
    home, key = settings.home, settings.key_file
    home_was, key_was = home.exists(), key.exists()
    try:
        yield
    except MailerError:
        if home.is_dir():
            for path in home.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            if not home_was:
                home.rmdir()
        if not key_was and key.exists():
            key.unlink()
        raise


def set_up(settings: Settings, draft: Draft, subscribers: int, rate: float, enrolled: Callable[[int], None]) -> Stage:
    """Everything but the sending: keys, database, organisation, approved edition, people, a draft campaign.

    Raises what an edition raises that cannot be approved; then everything is as before.
    """
    with _nothing_left_behind(settings):
        return _set_up(settings, draft, subscribers, rate, enrolled)


def _set_up(settings: Settings, draft: Draft, subscribers: int, rate: float, enrolled: Callable[[int], None]) -> Stage:
    # No receiver verifies the sink's mails: what is quickest shows as much.
    settings = settings.model_copy(update={"public_url": PUBLIC_URL})
    made = installation.create(settings, domain=DOMAIN, algorithm=Algorithm.ED25519)
    with made.database.write() as session:
        topic = found(session)
        edition = save(session, topic.newsletter, draft, AUTHOR)
        approve(session, edition, APPROVER)
        campaign = create(session, edition, topic, AUTHOR)
        # The sink is nobody's provider: one rate for all is what there is to show.
        limit.lift(session, AUTHOR)
        limit.change(session, limit.ALL, AUTHOR, per_second=rate)
    for done in enrol(made.database, made.keys, topic, _CONSENT_FORM, people(subscribers)):
        enrolled(done)
    folder = settings.home / "sink"
    folder.mkdir()
    return Stage(made, campaign.id, Mailbox(folder))


@dataclass(frozen=True, slots=True)
class Running:
    """What works for a demo: the settings in force, which broker it is, the workers' processes."""

    settings: Settings
    broker: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def sending(stage: Stage, count: int = 2) -> Iterator[Running]:
    """A sink, a broker and ``count`` workers at work on the campaign, for as long as the block lasts."""
    settings = stage.installation.settings
    with ExitStack() as stack:
        port = stack.enter_context(sink(settings.home / "sink"))
        settings = settings.model_copy(update={"relay_url": f"smtp://127.0.0.1:{port}"})
        settings, said = stack.enter_context(broker.running(settings))
        queue.check(settings)
        names = [f"demo{number}" for number in range(1, count + 1)]
        started = stack.enter_context(workers.running(settings, names, settings.home / "worker.log"))
        with stage.installation.database.write() as session:
            start(session, find(session, stage.campaign), AUTHOR)
        queue.wake(queue.app(settings), count)
        yield Running(settings, said, started)


@contextmanager
def sink(folder: Path) -> Iterator[int]:
    """The sink's process and its port."""
    with (folder.parent / "sink.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 — our own module
            [sys.executable, "-P", "-m", "mailer.demo.sink", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        deadline = clock.monotonic() + _START_SECONDS
        while not (folder / PORT).exists():
            if process.poll() is not None or clock.monotonic() > deadline:
                raise UnavailableError(
                    N_("The demo's mail sink did not start: see %(log)s."), log=folder.parent / "sink.log"
                )
            clock.sleep(0.05)
        yield int((folder / PORT).read_text())
    finally:
        process.terminate()
        process.wait()


def watch(house: Installation, campaign: int, running: Running, every: float = _POLL_SECONDS) -> Iterator[Figures]:
    """A campaign's figures again and again until it is finished, ``every`` so many seconds.

    Raises UnavailableError when the database, the broker or every worker is gone: nobody would
    finish it. What was sent until then is in the ledger, and the rest waits there.
    """
    checked = clock.monotonic()
    while True:
        with house.database.read() as session:
            now = figures(session, campaign)
        yield now
        if now.state is CampaignState.FINISHED:
            return
        if clock.monotonic() - checked > _CHECK_SECONDS:
            queue.check(running.settings)
            checked = clock.monotonic()
        if all(process.poll() is not None for process in running.workers):
            raise UnavailableError(N_("Every worker has stopped: see %(log)s."), log=house.settings.home / "worker.log")
        clock.sleep(every)


@dataclass(frozen=True, slots=True)
class Tally:
    """The sink's own count against the ledger."""

    received: int
    missing: int
    duplicates: int
    variants: dict[str, int]
    deliveries: dict[str, int]


def tally(stage: Stage) -> Tally:
    """Compare every recipient: missing are those who were meant, are settled as sent or still open, and got nothing."""
    arrived = Counter(mail.recipient for mail in stage.mailbox.received())
    variants = Counter(stage.mailbox.mode(mail.number) for mail in stage.mailbox.received())
    known = dict(ledger(stage))
    expected = {address for address, state in known.items() if state not in _SETTLED_UNSENT}
    return Tally(
        received=sum(n for address, n in arrived.items() if address in known),
        missing=len(expected - arrived.keys()),
        duplicates=sum(n - 1 for n in arrived.values()),
        variants=dict(sorted(variants.items())),
        deliveries={state.value: n for state, n in Counter(known.values()).items()},
    )


def ledger(stage: Stage) -> Iterator[tuple[str, DeliveryState]]:
    """Each recipient's address with the state of their delivery."""
    rows = select(Subscriber.id, Delivery.state).join(Delivery, Delivery.subscriber_id == Subscriber.id)
    with stage.installation.database.read() as session:
        states = dict(session.execute(rows).all())
    return ((address, states[number]) for number, address in addresses(stage.installation) if number in states)


def addresses(house: Installation) -> Iterator[tuple[int, str]]:
    """Each subscriber's number and address."""
    rows = select(Subscriber.id, Subscriber.ref, Subscriber.data_key, Subscriber.address)
    with house.database.read() as session, house.keys.open("demo count") as opener:
        for number, ref, data_key, address in session.execute(rows):
            assert data_key is not None
            assert address is not None
            yield number, opener.text(address, data_key, place("address", ref))


def samples(stage: Stage) -> list[str]:
    """One mail of each variant as files to look at: the message, its HTML, its text."""
    folder = stage.installation.settings.home / "samples"
    folder.mkdir(exist_ok=True)
    first: dict[str, int] = {}
    for mail in stage.mailbox.received():
        first.setdefault(stage.mailbox.mode(mail.number), mail.number)
    paths = []
    for mode, number in sorted(first.items()):
        sample, raw = stage.mailbox.mail(number), stage.mailbox.raw(number)
        assert sample is not None
        for ending, content in (("eml", raw or b""), ("html", sample.html.encode()), ("txt", sample.text.encode())):
            path = folder / f"{mode}.{ending}"
            path.write_bytes(content)
            paths.append(str(path))
    return paths
