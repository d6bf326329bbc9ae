"""Stories: the whole system as processes, judged by what Postfix's sink kept.

They are told on SQLite with a folder for a broker, on PostgreSQL with Redis, and so again with every mail under TLS,
whose other end (tests/terminator.py) stands before the sink: some in all three ways with ``--chaos`` alone.
"""

import itertools
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy import ColumnElement, func, select, update

from mailer import queue, workers
from mailer.campaign import route
from mailer.campaign.campaign import find, start
from mailer.campaign.count import reconcile
from mailer.compose.draft import Draft
from mailer.config import Settings, environment, load
from mailer.db.types import now_in
from mailer.demo import show
from mailer.demo.organisation import AUTHOR, DOMAIN, PUBLIC_URL
from mailer.demo.show import Stage
from mailer.installation import Installation
from mailer.model import Campaign, CampaignState, Delivery, DeliveryState
from mailer.model.delivery import CLAIMABLE, OPEN, among
from mailer.report.figures import figures
from tests import dkimpy
from tests.network import Network
from tests.render.test_message import defects
from tests.servers import Postgres, Redis
from tests.sinks import Postmaster, Received, SmtpSink, Terminator
from tests.stories.processes import children, connections, freeze, kill
from tests.worker.authority import Authority

LOCAL, SERVED, UNDER_TLS = "sqlite+folder", "postgresql+redis", "postgresql+redis+tls"
LOCAL_AT_LENGTH, SERVED_AT_LENGTH, TLS_AT_LENGTH = (
    pytest.param(each, marks=pytest.mark.lengthy) for each in (LOCAL, SERVED, UNDER_TLS)
)
"""For a story that is told so with ``--chaos`` alone."""
_numbers = itertools.count(1)


@dataclass
class Scene:
    """A campaign ready to go, the sinks it goes to, and its workers, which a story may kill and start anew.

    ``sink``: the first of ``sinks``; ``ports``: where the workers find them; ``encrypt``: puts TLS before a sink and
    gives the port and the authority that vouches for it, where this is to be.
    """

    stage: Stage
    sink: SmtpSink | Postmaster
    encrypt: Callable[[int], tuple[int, Path]] | None = None
    sinks: list[SmtpSink | Postmaster] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def house(self) -> Installation:
        return self.stage.installation

    @property
    def settings(self) -> Settings:
        return self.house.settings

    @property
    def log(self) -> Path:
        return self.settings.home.with_name("workers.log")

    def lead(self, name: str, sink: SmtpSink | Postmaster, **terms: Any) -> None:
        """Add a route to a sink, under TLS or not as this scene is; ``terms``: whom it is for, and its weight."""
        scheme, port = "smtp", sink.port
        if self.encrypt:
            port, authority = self.encrypt(port)
            scheme, terms["ca_file"] = "smtp+starttls", str(authority)
        with self.house.database.write() as session:
            route.add(session, self.house, name, f"{scheme}://127.0.0.1:{port}", AUTHOR, **terms)
        self.sinks.append(sink)
        self.ports.append(port)

    def received(self) -> list[Received]:
        """What all the sinks took."""
        return [mail for sink in self.sinks for mail in sink.received()]

    def taken(self) -> int:
        """How many mails all the sinks have taken, those on their way included."""
        return sum(sink.taken() for sink in self.sinks)

    def journals(self) -> int:
        """How many children of workers have been at work here: each has a journal from when it is ready."""
        return len(list((self.settings.home / "journal").glob("*.journal")))

    def on_the_wire(self, pid: int) -> int:
        """How many connections a process has to the sinks: what may be in doubt if it dies now."""
        return connections(pid, *self.ports)

    def hire(self, name: str, concurrency: int = 1) -> subprocess.Popen[bytes]:
        """A worker of this name; the one that had it before is dead."""
        with self._said() as said:
            self.workers[name] = workers.start(self.settings, name, concurrency, said)
        return self.workers[name]

    def station(self, cables: Network, host: str, settings: Settings) -> None:
        """A worker on a host of a network, which is its name."""
        ours = {name: value for name, value in environment(settings).items() if name.startswith("MAILER_")}
        words = cables.prefix(host, environment={**ours, "PATH": os.environ["PATH"]})
        with self._said() as said:
            self.workers[host] = subprocess.Popen(
                [*words, *workers.command(host, 1)], stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )

    def replace_dead(self) -> None:
        """Start every worker anew that has ended."""
        for name, worker in self.workers.items():
            if worker.poll() is not None:
                self.hire(name)

    @contextmanager
    def _said(self) -> Iterator[IO[bytes]]:
        with self.log.open("ab") as file:
            yield file

    def begin(self) -> None:
        """Start the campaign and wake whoever is there."""
        with self.house.database.write() as session:
            start(session, find(session, self.stage.campaign), AUTHOR)
        self.wake()

    def wake(self, times: int = 2) -> None:
        queue.wake(queue.app(self.settings), times)

    def state(self) -> CampaignState:
        with self.house.database.read() as session:
            return figures(session, self.stage.campaign).state

    def finished(self) -> bool:
        """Whether all is done: a doubt may have been settled as "again" since the campaign was closed."""
        return self.state() is CampaignState.FINISHED and not self.count(among(OPEN))

    def count(self, *which: ColumnElement[bool]) -> int:
        """How many deliveries there are of which all this holds."""
        with self.house.database.read() as session:
            return session.scalar(select(func.count()).select_from(Delivery).where(*which)) or 0

    def dismiss(self) -> None:
        """Have the workers end as they do on SIGTERM."""
        workers.stop(
            [process for process in self.workers.values() if process.poll() is None], self.settings.smtp_timeout
        )


@dataclass(frozen=True)
class Verdict:
    """What the sink took, set against the ledger, for every recipient."""

    arrived: Counter[str]
    states: dict[str, DeliveryState]
    flagged: set[str]

    @property
    def missing(self) -> set[str]:
        """Meant and not there, though the ledger does not say that this may be so: with what it does say."""
        honest = {DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.SUPPRESSED}
        states = self.states.items()
        return {f"{a}: {state}" for a, state in states if a not in self.arrived and state not in honest}

    @property
    def doubled(self) -> set[str]:
        return {address for address, n in self.arrived.items() if n > 1}

    @property
    def uncertain(self) -> set[str]:
        return {address for address, state in self.states.items() if state is DeliveryState.UNCERTAIN}


def judge(scene: Scene) -> Verdict:
    """Nobody is sending any more: compare. Whoever arrived was meant, and the counts are the rows."""
    states = dict(show.ledger(scene.stage))
    arrived = Counter(mail.recipient for mail in scene.received())
    assert arrived.keys() <= states.keys(), "somebody got it who was not meant"
    unsent = {a for a, state in states.items() if state in (DeliveryState.PENDING, DeliveryState.SUPPRESSED)}
    assert not arrived.keys() & unsent, "somebody got it of whom the ledger says that they did not"
    with scene.house.database.write() as session:
        assert reconcile(session, scene.stage.campaign) == 0, "the counts are not the rows"
    assert scene.count(among([DeliveryState.SENDING])) == 0
    return Verdict(arrived, states, _flagged(scene))


def demand_whole(scene: Scene, mails: Iterable[Received]) -> None:
    """These arrived as they are meant to: to whom they say, signed by the story's key, faultless in every part."""
    keys = scene.house.signing(DOMAIN)
    assert keys
    for mail in mails:
        octets = mail.mail()
        assert dkimpy.passed(octets, keys) == [True] * len(keys)
        message = message_from_bytes(octets, policy=default)
        assert defects(message) == []
        assert message["To"].addresses[0].addr_spec == mail.recipient
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["List-Unsubscribe"].startswith(f"<{PUBLIC_URL}/u/")


def _flagged(scene: Scene) -> set[str]:
    """Who the ledger says may have got it twice."""
    with scene.house.database.read() as session:
        numbers = set(session.scalars(select(Delivery.subscriber_id).where(Delivery.maybe_doubled)))
    return {address for number, address in show.addresses(scene.house) if number in numbers}


@pytest.fixture
def length(pytestconfig: pytest.Config) -> str:
    """``short``, or with ``--chaos`` ``long``: how long a story is to be."""
    return "long" if pytestconfig.getoption("chaos") else "short"


Setting = Callable[..., Scene]
Record = Callable[[str, object], None]


@pytest.fixture(params=[LOCAL, SERVED])
def setting(request: pytest.FixtureRequest, tmp_path: Path, draft: Draft, servers: None) -> Iterator[Setting]:
    """``setting(people, rate, policy=…, sink=…, way=…, **settings)``: a scene on either set of servers.

    ``way`` names a route to the sink, where it is not to be the relay of the settings. That knows no authority but the
    system's, so under TLS there is always a route.
    """
    assert servers is None
    with ExitStack() as stack:

        def make(
            people: int,
            rate: float,
            *,
            policy: str = "leave",
            sink: SmtpSink | Postmaster | None = None,
            way: str = "",
            **changes: Any,
        ) -> Scene:
            if request.param != LOCAL:
                changes = _served(request) | changes
            chosen = {"home": tmp_path / "home", "key_file": tmp_path / "key", "broker_url": "filesystem://"} | changes
            sink = sink or stack.enter_context(SmtpSink())
            chosen.setdefault("relay_url", f"smtp://127.0.0.1:{sink.port}")
            encrypt = _encryption(stack, tmp_path) if request.param == UNDER_TLS else None
            stage = show.set_up(load(**chosen), draft, people, rate, lambda _: None)
            with stage.installation.database.write() as session:
                session.execute(update(Campaign).values(uncertain_policy=policy))
            scene = Scene(stage, sink, encrypt)
            if way or encrypt:
                scene.lead(way or "main", sink)
            else:
                scene.sinks.append(sink)
                scene.ports.append(sink.port)
            stack.callback(stage.installation.database.dispose)
            stack.callback(scene.dismiss)
            return scene

        yield make


def _encryption(stack: ExitStack, folder: Path) -> Callable[[int], tuple[int, Path]]:
    """An authority of the story's own, and what puts TLS before a port; it is there for as long as the stack."""
    authority = Authority(folder / "authority")
    certificate = authority.issue()

    def encrypt(port: int) -> tuple[int, Path]:
        return stack.enter_context(Terminator(port, certificate)).port, authority.file

    return encrypt


def _served(request: pytest.FixtureRequest) -> dict[str, str]:
    """A database of the story's own in the run's PostgreSQL, and the run's Redis, which forgets what was before."""
    postgres: Postgres = request.getfixturevalue("postgres")
    redis: Redis = request.getfixturevalue("redis")
    name = f"story_{next(_numbers)}"
    postgres.create(name)
    redis.flush()
    return {"database_url": postgres.url(name), "broker_url": redis.url}


def come_due(scene: Scene) -> int:
    """Let what was put off be due now, be it deferred or pending; how many. Nobody waits for hours here."""
    with scene.house.database.write() as session:
        moved = session.execute(
            update(Delivery)
            .where(among(CLAIMABLE), Delivery.next_at > now_in())
            .values(next_at=now_in())
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        )
        return len(moved.all())


def strike(scene: Scene, chance: random.Random) -> int:
    """Kill a process, be it a worker or a child that sends; how many connections it had."""
    pids = [pid for worker in scene.workers.values() for pid in (worker.pid, *children(worker.pid))]
    victim = chance.choice(pids)
    # One may be ending by itself just now.
    with suppress(FileNotFoundError, ProcessLookupError):
        # Stopped first, so that what is counted is what dies.
        freeze(victim)
        on_the_wire = scene.on_the_wire(victim)
        kill(victim)
        return on_the_wire
    return 0


def seconds(mail: Received) -> float:
    """When it arrived, by the system's clock."""
    return mail.arrival / 1e9
