"""What many tests need: servers, an installation of its own for each test, an edition, people."""

import itertools
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mailer import installation, log
from mailer.campaign.campaign import start
from mailer.compose.draft import Draft
from mailer.compose.folder import read
from mailer.config import Settings, settings
from mailer.db import connect, schema
from mailer.demo import organisation
from mailer.installation import Installation
from mailer.model import Campaign, Topic
from tests.mould import SAMPLE, Mould, places
from tests.reliability import Page
from tests.servers import Postgres, Redis

DATABASES = ("sqlite", "postgresql")
# What only real servers can give: folders of tests, and fixtures.
SERVED_FOLDERS = tuple(Path(__file__).parent / name for name in ("stories", "browser"))
SERVED_FIXTURES = frozenset({"servers", "postgres", "redis"})
# One template for all tests; a number for each copy.
_TEMPLATE = "template"
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--servers", action="store_true", help="start real servers: both databases, the stories, the browser"
    )
    parser.addoption("--chaos", action="store_true", help="tell the stories at length, and write docs/reliability.md")


def pytest_configure(config: pytest.Config) -> None:
    # How long an example takes says what else the machine does.
    hypothesis.settings.register_profile(
        "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("untimed")
    # As in production: what is logged without it is drawn with all that a traceback knows, which takes seconds.
    log.configure("info")
    config.addinivalue_line("markers", "databases(*names): the only databases that this test is about")
    config.addinivalue_line("markers", "lengthy: told with --chaos alone")
    config.addinivalue_line("markers", "promise(*numbers): what docs/reliability.md promises that this test shows")
    if config.getoption("chaos") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Page(date.today()))  # noqa: DTZ011 — whose day it is matters to nobody
    if not config.getoption("servers"):
        named = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
        if any(path.is_relative_to(folder) for path in named for folder in SERVED_FOLDERS):
            raise pytest.UsageError("the stories and the browser's tests need real servers: add --servers")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if collection_path in SERVED_FOLDERS and not config.getoption("servers") else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that stands on an installation runs once on each database that there is and that it is about."""
    if "house" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("databases")
        meant = marker.args if marker else DATABASES
        here = DATABASES if metafunc.config.getoption("servers") else ("sqlite",)
        # Without its database the test is left out below: without a parameter it would count as skipped.
        metafunc.parametrize("database_url", [name for name in meant if name in here] or meant, indirect=True)


# First: xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        numbers = [number for mark in item.iter_markers("promise") for number in mark.args]
        item.user_properties.append(("promises", " ".join(map(str, numbers))))
        for folder in SERVED_FOLDERS:
            # Side by side they would spoil each other's times, or start the same things twice.
            if item.path.is_relative_to(folder):
                item.add_marker(pytest.mark.xdist_group(folder.name))
    left_out = [item for item in items if not _meant(item, config)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _meant(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether this run is about it."""
    if item.get_closest_marker("lengthy") and not config.getoption("chaos"):
        return False
    return bool(config.getoption("servers")) or not _needs_servers(item)


def _needs_servers(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    return _database(item) == "postgresql" or not SERVED_FIXTURES.isdisjoint(item.fixturenames)


def _database(item: pytest.Function) -> str:
    """Which one it is told on."""
    chosen = item.callspec.params.get("database_url") if hasattr(item, "callspec") else None
    return str(chosen or DATABASES[0])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("servers"):
        ran = sum(
            len(terminalreporter.stats.get(outcome, ())) for outcome in ("passed", "failed", "xfailed", "xpassed")
        )
        skipped = len(terminalreporter.stats.get("skipped", ()))
        said = f"{skipped} skipped, where none may be: the run has failed" if skipped else "none was skipped"
        terminalreporter.write_line(f"{ran} tests ran; {said}.")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With every server at hand nothing has a reason to be skipped: a run that skips has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("servers") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def servers() -> None:
    """For tests that start servers of their own: they run only where there are some."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run, with a database to copy: one that has the newest schema and is empty."""
    with Postgres() as server:
        server.create(_TEMPLATE)
        database = connect(server.url(_TEMPLATE))
        schema.upgrade(database)
        database.dispose()
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis for the whole run; a test that needs an empty one flushes it."""
    with Redis() as server:
        yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own. Nothing: the SQLite file in its home."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield ""
        return
    # Asked for only here, so that a run on SQLite starts no server.
    server: Postgres = request.getfixturevalue("postgres")
    name = f"test_{next(_numbers)}"
    mould: Mould | None = request.getfixturevalue("mould") if "house" in request.fixturenames else None
    server.create(name, mould.name if mould else _TEMPLATE)
    yield server.url(name)
    server.drop(name)


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
def chosen(tmp_path: Path, database_url: str) -> Settings:
    return places(tmp_path, database_url)


@pytest.fixture
def lose_database(chosen: Settings, request: pytest.FixtureRequest) -> Callable[[], Callable[[], None]]:
    """Take the database away, in the middle of whatever is done with it; what that returns brings it back."""

    def lose() -> Callable[[], None]:
        if not chosen.database_url:
            file = chosen.home / "twinletter.db"
            return partial(_rename, file.rename(file.with_suffix(".away")), file)
        server: Postgres = request.getfixturevalue("postgres")
        name = chosen.database_url.partition("@/")[2].partition("?")[0]
        server.shut(name)
        return partial(server.open, name)

    return lose


def _rename(before: Path, after: Path) -> None:
    before.rename(after)


@pytest.fixture(scope="session")
def moulds() -> dict[str, Mould]:
    """Those that have been made, by their names."""
    return {}


@pytest.fixture
def mould(request: pytest.FixtureRequest, moulds: dict[str, Mould], tmp_path_factory: pytest.TempPathFactory) -> Mould:
    """What this test's house is copied from."""
    database, campaign = _database(request.node), "campaign" in request.fixturenames
    name = f"{database}_{'campaign' if campaign else 'empty'}"
    if name not in moulds:
        server: Postgres | None = request.getfixturevalue("postgres") if database == "postgresql" else None
        made = Mould(tmp_path_factory.mktemp(name), name, server)
        made.make(campaign=campaign)
        moulds[name] = made
    return moulds[name]


@pytest.fixture
def house(chosen: Settings, mould: Mould) -> Iterator[Installation]:
    """An installation of the test's own, as ``mailer init`` leaves it."""
    mould.copy(chosen.home.parent)
    found = installation.unlock(chosen)
    yield found
    found.database.dispose()


@pytest.fixture(scope="session")
def draft() -> Draft:
    return read(SAMPLE)


@pytest.fixture
def topic(house: Installation) -> Topic:
    with house.database.write() as session:
        return session.scalars(select(Topic)).one_or_none() or organisation.found(session)


@pytest.fixture
def campaign(house: Installation) -> Campaign:
    """A draft campaign of the approved sample edition, with forty people who wait for it, and no limits."""
    with house.database.read() as session:
        return session.scalars(select(Campaign).options(joinedload(Campaign.edition))).one()


@pytest.fixture
def sending(house: Installation, campaign: Campaign) -> Campaign:
    """The same, started."""
    with house.database.write() as session:
        found = session.get_one(Campaign, campaign.id)
        start(session, found, organisation.AUTHOR)
        return found
