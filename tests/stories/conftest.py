"""Stories: the whole system as processes, judged by what the sink kept."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mailer import clock, queue, workers
from mailer.campaign.campaign import find, start
from mailer.compose.folder import Draft
from mailer.config import load
from mailer.demo import show
from mailer.demo.organisation import AUTHOR
from mailer.demo.show import Stage

FOLDER_BROKER = "filesystem://"


@pytest.fixture
def stage(tmp_path: Path, draft: Draft) -> Callable[..., Stage]:
    """A set-up demo of ``people`` at ``rate``, with settings of the story's own."""

    def make(people: int, rate: float, **changes: Any) -> Stage:
        settings = load(home=tmp_path / "home", key_file=tmp_path / "key", broker_url=FOLDER_BROKER, **changes)
        return show.set_up(settings, draft, people, rate, lambda _: None)

    return make


class Crew:
    """Workers that a story may kill and start anew."""

    def __init__(self, stage: Stage, port: int, stack: ExitStack) -> None:
        house = stage.installation
        self.settings = house.settings.model_copy(update={"relay_url": f"smtp://127.0.0.1:{port}"})
        self._stage = stage
        self._stack = stack
        self._number = 0

    def hire(self) -> subprocess.Popen[bytes]:
        """One more worker."""
        self._number += 1
        log = self.settings.home / f"worker{self._number}.log"
        (worker,) = self._stack.enter_context(workers.running(self.settings, [f"w{self._number}"], log))
        return worker

    def begin(self) -> None:
        """Start the campaign and wake whoever is there."""
        with self._stage.installation.database.write() as session:
            start(session, find(session, self._stage.campaign), AUTHOR)
        queue.wake(queue.app(self.settings), 2)

    def received(self) -> int:
        """How many mails the sink has taken."""
        return sum(1 for _ in self._stage.mailbox.received())

    def until(self, what: Callable[[], bool], seconds: float) -> None:
        """Wait for something, not for ever."""
        deadline = clock.monotonic() + seconds
        while not what():
            assert clock.monotonic() < deadline, f"it did not happen within {seconds} s"
            clock.sleep(0.05)


@pytest.fixture
def crew() -> Iterator[Callable[[Stage], Crew]]:
    with ExitStack() as stack:
        yield lambda stage: Crew(
            stage, stack.enter_context(show.sink(stage.installation.settings.home / "sink")), stack
        )


def sender_of(worker: subprocess.Popen[bytes]) -> int:
    """The process id of a worker's prefork child: the one that holds rows and connections."""
    # Any of its threads may have made the child that lives now; for a moment there may be none.
    threads = Path(f"/proc/{worker.pid}/task").iterdir()
    return int(([child for thread in threads for child in (thread / "children").read_text().split()] or ["0"])[-1])


def kill(pid: int) -> None:
    """As an out-of-memory killer would."""
    os.kill(pid, signal.SIGKILL)
