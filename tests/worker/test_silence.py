"""A database that hangs: connections stay open, and nothing comes. It is said, and a worker can still be stopped."""

from pathlib import Path

import pytest

from mailer import clock, workers
from mailer.campaign.campaign import start
from mailer.demo.organisation import AUTHOR
from mailer.installation import Installation
from mailer.model import Campaign, DeliveryState, Limit
from mailer.report.figures import figures
from tests.patience import until
from tests.servers import Postgres
from tests.sinks import SmtpSink
from worker.reap import fold_dead

S = DeliveryState


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("busy", ["idle", "sending"])
def test_a_worker_says_that_it_waits_and_obeys(
    house: Installation, campaign_to_send: Campaign, postgres: Postgres, tmp_path: Path, busy: str
) -> None:
    log = tmp_path / "log"
    with SmtpSink() as sink:
        changes = {"relay_url": f"smtp://127.0.0.1:{sink.port}", "broker_url": "filesystem://", "tick": 0.5}
        settings = house.settings.model_copy(update=changes | {"smtp_timeout": 5.0})
        with log.open("ab") as file:
            worker = workers.start(settings, "w1", 1, file)
        try:
            until(lambda: bool(list((settings.home / "journal").glob("*.journal"))), 20)
            if busy == "sending":
                until(lambda: sink.taken() >= 3, 30)
            clock.sleep(1.0)
            with postgres.frozen():
                awaited = ["tick.late", *(["work.waits"] if busy == "sending" else [])]
                until(lambda: all(word in log.read_text() for word in awaited), 15)
                worker.terminate()
                assert worker.wait(60) == 0
        finally:
            workers.stop([worker], 1.0)
        assert "Traceback" not in log.read_text()
        fold_dead(house)
        with house.database.read() as session:
            states = +figures(session, campaign_to_send.id).states
        # Nobody was cut off in the middle of a message: what had left was answered for.
        assert states.keys() <= {S.SENT, S.PENDING}
        assert states[S.SENT] == sum(1 for _ in sink.received())


@pytest.fixture
def campaign_to_send(house: Installation, campaign: Campaign, busy: str) -> Campaign:
    if busy != "idle":
        with house.database.write() as session:
            session.add(Limit(scope="all", per_second=4.0))
            start(session, session.get_one(Campaign, campaign.id), AUTHOR)
    return campaign
