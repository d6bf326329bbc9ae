"""What many tests need: an installation of its own for each test, an edition, people."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer import installation
from mailer.audience.enrol import enrol
from mailer.campaign.campaign import create, start
from mailer.compose.edition import save
from mailer.compose.folder import Draft, read
from mailer.config import Settings, load, settings
from mailer.demo import organisation, show
from mailer.demo.people import people
from mailer.installation import Installation
from mailer.model import Campaign, Topic
from mailer.render.approval import approve

SAMPLE = Path(show.__file__).parent / "editions" / "wrap-up-2026"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test sees the settings or the language of the person who runs it."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nobody"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return load(home=tmp_path / "home", key_file=tmp_path / "key", public_url=organisation.PUBLIC_URL)


@pytest.fixture
def house(chosen: Settings) -> Iterator[Installation]:
    made = installation.create(chosen)
    yield made
    made.database.dispose()


@pytest.fixture(scope="session")
def draft() -> Draft:
    return read(SAMPLE)


@pytest.fixture
def topic(house: Installation) -> Topic:
    with house.database.write() as session:
        return organisation.found(session)


@pytest.fixture
def campaign(house: Installation, topic: Topic, draft: Draft) -> Campaign:
    """A draft campaign of the approved sample edition, with forty people who wait for it."""
    list(enrol(house.database, house.keys, topic, "test-1", people(40)))
    with house.database.write() as session:
        edition = save(session, session.merge(topic).newsletter, draft, organisation.AUTHOR)
        approve(session, edition, organisation.APPROVER)
        return create(session, edition, session.merge(topic), organisation.AUTHOR)


@pytest.fixture
def sending(house: Installation, campaign: Campaign) -> Campaign:
    """The same, started."""
    with house.database.write() as session:
        found = session.get_one(Campaign, campaign.id)
        start(session, found, organisation.AUTHOR)
        return found
