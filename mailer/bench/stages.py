"""What each stage of sending costs alone: measured by the worker's own code in a process of its own."""

import json
import subprocess
import sys

from mailer.bench.house import Issue
from mailer.campaign.campaign import find, start
from mailer.config import Settings, environment
from mailer.demo.organisation import AUTHOR
from mailer.errors import UnavailableError
from mailer.i18n import N_
from mailer.installation import Installation


def stages(house: Installation, issue: Issue, settings: Settings) -> dict[str, float]:
    """CPU microseconds a message by stage, over a campaign of ``issue``; the servers' own CPU is not in them."""
    with house.database.write() as session:
        campaign = issue.campaign(session)
        start(session, find(session, campaign), AUTHOR)
    log = house.settings.home / "stages.log"
    with log.open("ab") as file:
        done = subprocess.run(  # noqa: S603 — our own module
            [sys.executable, "-P", "-m", "worker.stages", str(campaign)],
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=file,
            check=False,
        )
    if done.returncode:
        raise UnavailableError(N_("The stages cannot be measured: see %(log)s."), log=log)
    found: dict[str, float] = json.loads(done.stdout)
    return found
