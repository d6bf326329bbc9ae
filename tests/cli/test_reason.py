"""Why mails were not sent, as ``campaign report`` tells it."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess

from mailer.installation import Installation
from mailer.model import Campaign
from mailer.reply import CLASSES
from tests.worker.conftest import LIFETIME
from worker.claim import claim, lanes
from worker.record import record
from worker.transport import Fate, Outcome

Run = Callable[..., CompletedProcess[str]]


def test_a_report_says_what_replies_mean_and_shows_one(
    run: Run, house: Installation, housed: dict[str, str], sending: Campaign
) -> None:
    with house.database.write() as session:
        rows = [row for p, _ in lanes(session) for row in claim(session, sending.id, p, 40, "x", 60.0)][:3]
        full = Outcome(Fate.DEFERRED, 452, "4.2.2", "4.2.2 out of storage", kind=CLASSES["mailbox-full"])
        gone = Outcome(Fate.FAILED, 550, "5.1.1", "5.1.1 nobody", kind=CLASSES["unknown-user"])
        record(session, [(rows[0], full), (rows[1], full), (rows[2], gone)], "x", LIFETIME)
    told = json.loads(run("campaign", "report", str(sending.id), "--json", **housed).stdout)
    assert told["reasons"] == {"mailbox-full": 2, "unknown-user": 1}
    assert told["replies"] == {"mailbox-full": "452 4.2.2 out of storage", "unknown-user": "550 5.1.1 nobody"}
    shown = run("campaign", "report", str(sending.id), **housed).stdout
    assert "2  The mailbox is full  [452 4.2.2 out of storage]" in shown
    assert "1  There is no such mailbox  [550 5.1.1 nobody]" in shown
