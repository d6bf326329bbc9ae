"""One campaign through the real path: workers, broker, database, SMTP to the sink; what it took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock, queue, workers
from mailer.bench import expansion, usage
from mailer.bench.house import House, Issue, connections
from mailer.bench.sink import HOST, Sink
from mailer.config import Settings
from mailer.db.types import now_in
from mailer.demo import show
from mailer.demo.show import Running
from mailer.errors import UnavailableError
from mailer.i18n import N_
from mailer.model import Delivery, DeliveryState
from mailer.report.figures import settled

_START_SECONDS = 30.0
# Celery takes up its queue a moment after its children are ready.
_CONSUMER_SECONDS = 1.0
_POLL_SECONDS = 0.5
# The first tenth and the last are left out: there lanes begin and end one by one.
_EARLY, _LATE = (0.1, 0.4), (0.6, 0.9)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds so far, by whom; ``None`` for a server that does not run here, or not as a process of its own."""

    workers: float
    celery: float
    database: float | None
    broker: float | None
    sink: float


@dataclass(frozen=True, slots=True)
class Driven:
    """``seconds``: from the wake-up to the last outcome in the ledger, by the database's clock.

    ``spent``: CPU microseconds a message, as in ``Cost``; ``celery`` is a part of ``workers``. ``late_to_early``: the
    pace near the end by that near the beginning; ``None`` for too few messages. ``peak``: the most memory of a child.
    """

    messages: int
    seconds: float
    spent: dict[str, float | None]
    late_to_early: float | None
    peak: int
    expand_seconds: float
    bare_seconds: float

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


def to_sink(settings: Settings, sink: Sink, workers: int) -> Settings:
    """What so many workers are to be started with."""
    return settings.model_copy(update={"relay_url": f"smtp://{HOST}:{sink.port}", "connections": connections(workers)})


@contextmanager
def at_work(house: House, settings: Settings, broker: str, sink: Sink, count: int) -> Iterator[Running]:
    """Workers that send to ``sink``, each with one child that is ready, for as long as the block lasts."""
    settings = to_sink(settings, sink, count)
    names = [f"bench{number}" for number in range(1, count + 1)]
    log = house.installation.settings.home / "worker.log"
    with workers.running(settings, names, log) as started:
        # A child has its journal before anything else.
        deadline, journals = clock.monotonic() + _START_SECONDS, settings.home / "journal"
        while len(list(journals.glob("*.journal"))) < count:
            if clock.monotonic() > deadline or any(process.poll() is not None for process in started):
                raise UnavailableError(N_("The bench's workers do not start: see %(log)s."), log=log)
            clock.sleep(0.05)
        clock.sleep(_CONSUMER_SECONDS)
        yield Running(settings, broker, started)


def drive(house: House, issue: Issue, running: Running, sink: Sink, sent: Callable[[int], None]) -> Driven:
    """Expand a campaign and have it sent. Raises UnavailableError where not all of it arrives."""
    database, already = house.installation.database, sink.taken()
    with database.write() as session:
        campaign = issue.campaign(session)
    server = usage.postgresql(database)
    bare = expansion.reference(database, campaign, issue.topic)
    expanded = expansion.expand(database, campaign)
    before = _cost(running, server, sink)
    with database.read() as session:
        began = session.scalars(select(now_in())).one()
    queue.wake(queue.app(running.settings), len(running.workers))
    for now in show.watch(house.installation, campaign, running, _POLL_SECONDS):
        sent(settled(now.states))
    after = _cost(running, server, sink)
    if sink.taken() - already != now.total or now.states[DeliveryState.SENT] != now.total:
        raise UnavailableError(
            N_("Only %(sent)s of %(total)s mails arrived: see %(log)s."),
            sent=sink.taken() - already,
            total=now.total,
            log=house.installation.settings.home / "worker.log",
        )
    with database.read() as session:
        early, late, last = _pace(session, campaign, now.total)
    return Driven(
        messages=now.total,
        seconds=(last - began).total_seconds(),
        spent=_each(before, after, now.total),
        late_to_early=early / late if early and late else None,
        peak=max(usage.peak_octets(child) for worker in running.workers for child in usage.children(worker.pid)),
        expand_seconds=expanded,
        bare_seconds=bare,
    )


def _cost(running: Running, server: int | None, sink: Sink) -> Cost:
    return Cost(
        workers=sum(usage.family_seconds(process.pid) for process in running.workers),
        celery=sum(usage.seconds(process.pid) for process in running.workers),
        database=usage.family_seconds(server) if server else None,
        broker=queue.spent(running.settings),
        sink=usage.seconds(sink.pid),
    )


def _each(before: Cost, after: Cost, messages: int) -> dict[str, float | None]:
    spent: dict[str, float | None] = {}
    for name in Cost.__dataclass_fields__:
        first, last = getattr(before, name), getattr(after, name)
        spent[name] = None if first is None or last is None else (last - first) * 1e6 / messages
    return spent


def _pace(session: Session, campaign: int, total: int) -> tuple[float, float, datetime]:
    """Seconds that three tenths of the messages took near the beginning and near the end; when the last was settled."""
    moments = select(Delivery.settled_at).where(Delivery.campaign_id == campaign).order_by(Delivery.settled_at)

    def at(share: float) -> datetime:
        found = session.scalars(moments.offset(min(total - 1, int(total * share))).limit(1)).one()
        assert found is not None
        return found

    early, late = ((at(end) - at(begin)).total_seconds() for begin, end in (_EARLY, _LATE))
    return early, late, at(1.0)
