"""A browser, and the demo's pages after it has sent, on an installation of their own."""

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from sqlalchemy import select

from mailer import clock
from mailer.campaign.campaign import find, start
from mailer.compose.folder import read
from mailer.config import load
from mailer.demo import show, sink
from mailer.demo.organisation import AUTHOR
from mailer.demo.show import Stage
from mailer.demo.site import site
from mailer.i18n import EN, HANS, ZH
from mailer.model import Subscriber
from tests.mould import SAMPLE
from tests.servers import chromium
from tests.site import serving
from worker.drain import Drain
from worker.journal import Journal
from worker.office import Office
from worker.route import Routes
from worker.throttle.sql import SqlThrottle
from worker.transport import Fate, Outcome, Parcel

PEOPLE = 60
LANGUAGES = (ZH, HANS, EN)


class _Kept:
    """A way out that writes what the sink writes."""

    timeout = 1.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken = 0

    def connect(self) -> "_Kept":
        return self

    async def send(self, parcel: Parcel, leaving: Callable[[], None], _: object = None) -> Outcome:
        leaving()
        self._taken += 1
        (self._folder / f"{self._taken:06}.eml").write_bytes(parcel.content)
        line = {"n": self._taken, "at": clock.monotonic(), "from": parcel.sender, "to": [parcel.recipient]}
        with (self._folder / sink.RECORD).open("a", encoding="utf-8") as record:
            record.write(json.dumps(line) + "\n")
        return Outcome(Fate.SENT, 250)

    async def close(self) -> None:
        pass


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A demo that has been sent to sixty people."""
    folder = tmp_path_factory.mktemp("site")
    settings = load(home=folder / "home", key_file=folder / "key")
    made = show.set_up(settings, read(SAMPLE), PEOPLE, 1e5, lambda _: None)
    house = made.installation
    with house.database.write() as session:
        start(session, find(session, made.campaign), AUTHOR)
    journal = Journal(settings.home, house.keys.fingerprint())
    office = Office(house, SqlThrottle(house), Routes(lambda _: _Kept(settings.home / "sink")), lambda: False, journal)
    # In a thread: Playwright has an event loop of its own in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: asyncio.run(Drain(office, clock.monotonic() + 60).run())).result() is False
    journal.close()
    yield made
    house.database.dispose()


# Gone with this package: its event loop is in the way of others' tests.
@pytest.fixture(scope="package")
def browser(servers: None) -> Iterator[Browser]:
    assert servers is None
    with chromium() as endpoint, sync_playwright() as playwright:
        yield playwright.chromium.connect_over_cdp(endpoint)


@pytest.fixture(scope="session")
def url(stage: Stage) -> Iterator[str]:
    with serving(site(stage)) as address:
        yield address


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A window of its own, in which nothing may be complained of and nobody else asked for anything."""
    context = browser.new_context(base_url=url)
    page, complaints = context.new_page(), list[str]()

    def hear(said: ConsoleMessage) -> None:
        # That the page itself answers 404 or 503 is said, too, and meant.
        if said.type in ("error", "warning") and said.location["url"] != page.url:
            complaints.append(said.text)

    def watch(asked: Request) -> None:
        if not asked.url.startswith((f"{url}/", "about:", "data:")):
            complaints.append(f"asked for {asked.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", watch)
    yield page
    context.close()
    assert not complaints


@pytest.fixture
def link(stage: Stage) -> str:
    """A reader's unsubscribe page."""
    house = stage.installation
    with house.database.read() as session:
        ref = session.scalars(select(Subscriber.ref).order_by(Subscriber.id).limit(1)).one()
    return f"/u/{house.keys.unsubscribe_token(ref, 1)}"
