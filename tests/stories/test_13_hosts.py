"""Two hosts on one PostgreSQL and one Redis: one is cut off from the network in mid-send, and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from mailer.config import Settings
from mailer.model import Delivery, DeliveryState
from mailer.model.delivery import among
from tests.network import HUB, Network, network
from tests.patience import until
from tests.servers import Postgres, Redis
from tests.sinks import SmtpSink
from tests.stories.conftest import SERVED, Record, Scene, Setting, judge
from tests.stories.processes import children, connections, kill

PEOPLE = 1500
RATE = 100.0
NEAR, FAR = "near", "far"
IN_DOUBT = among([DeliveryState.UNCERTAIN])


@pytest.fixture
def cables() -> Iterator[Network]:
    with network(NEAR, FAR) as made:
        yield made


def _home(scene: Scene, postgres: Postgres, host: str, tmp_path: Path) -> Settings:
    """The settings of a host: everything shared is reached over the network, but for the file of withdrawals."""
    home = tmp_path / host
    home.mkdir()
    settings = scene.settings
    changed = {
        "home": home,
        "database_url": postgres.url_from_afar("story"),
        "broker_url": Redis.url_from_afar,
        "relay_url": f"smtp://{HUB}:{scene.sink.port}",
        "withdrawals_file": str(settings.withdrawals),
    }
    return settings.model_copy(update=changed)


@pytest.mark.promise(2)
@pytest.mark.parametrize("setting", [SERVED], indirect=True)
@pytest.mark.parametrize("end", ["comes back", "dies and is started again"])
def test_a_host_is_cut_off_and_back(
    setting: Setting, cables: Network, tmp_path: Path, end: str, record_property: Record
) -> None:
    with Postgres(place=cables) as postgres, Redis(place=cables) as redis, SmtpSink(place=cables) as sink:
        postgres.create("story")
        urls = {"database_url": postgres.url("story"), "broker_url": redis.url}
        scene = setting(PEOPLE, RATE, sink=sink, tick=0.5, smtp_timeout=5.0, lease=8.0, **urls)
        homes = {host: _home(scene, postgres, host, tmp_path) for host in (NEAR, FAR)}
        for host, settings in homes.items():
            scene.station(cables, host, settings)
        until(lambda: all(_journals(settings) for settings in homes.values()), 60)
        idle = _journals(homes[FAR])
        scene.begin()
        until(lambda: sink.taken() > PEOPLE // 4, 60)

        (child,) = children(scene.workers[FAR].pid)
        until(lambda: _in_hand(scene, homes[FAR]) > 0, 30)
        cables.cut(FAR)
        on_the_wire = connections(child, sink.port)
        in_hand = _in_hand(scene, homes[FAR])
        if end.startswith("dies"):
            scene.workers[FAR].kill()
            scene.workers[FAR].wait()
            kill(child)
        # Its lease runs out; the other host takes what was never begun, and leaves in doubt what was. A transaction
        # that it had open keeps its rows until PostgreSQL ends it, after half a minute.
        until(lambda: _in_hand(scene, homes[FAR]) == 0, 120)
        doubts = scene.count(IN_DOUBT)
        assert doubts <= in_hand
        cables.mend(FAR)
        if end.startswith("dies"):
            scene.station(cables, FAR, homes[FAR])
        # It tells what it knows. What never left is open again then, whether all was finished before or not.
        until(lambda: _journals(homes[FAR]) == idle and scene.count(IN_DOUBT) <= on_the_wire, 90)
        until(scene.finished, 90)
        scene.dismiss()

        verdict = judge(scene)
        figures = f"{in_hand} in hand, {on_the_wire} on the wire; {doubts} in doubt, then {len(verdict.uncertain)}"
        record_property("figures", figures)
        assert (verdict.missing, verdict.doubled) == (set(), set())
        assert len(verdict.uncertain) <= on_the_wire


def _journals(settings: Settings) -> list[int]:
    """How large each journal of a host is."""
    return [path.stat().st_size for path in (settings.home / "journal").glob("*.journal")]


def _in_hand(scene: Scene, settings: Settings) -> int:
    """How many deliveries a host's processes hold, by the names of their journals."""
    names = [path.stem for path in (settings.home / "journal").glob("*.journal")]
    with scene.house.database.read() as session:
        held = select(Delivery.claim).where(among([DeliveryState.SENDING]))
        return sum(any(name in (claim or "") for name in names) for claim in session.scalars(held))
