"""The Celery app of a worker: its tasks, and what each prefork child sets up for itself."""

import ctypes
import mmap
import signal
import sys
from typing import Any

from celery.signals import setup_logging, worker_process_init, worker_shutting_down

from mailer import broker, log, queue
from mailer.config import settings
from worker import child

_PR_SET_PDEATHSIG = 1  # prctl(2)

chosen = broker.chosen(settings())
app = queue.app(chosen)

# One octet that the parent shares with its children: whether they are to stop.
_stopping = mmap.mmap(-1, 1)


def die_with_parent() -> None:
    """Tie this process to its parent's life, where the system can (Linux): no worker is left behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    log.configure(chosen.log)


@worker_process_init.connect
def _start_child(**_: Any) -> None:
    """Everything with a socket or a thread is made after the fork, never before it."""
    die_with_parent()
    child.start(chosen, app, lambda: _stopping[0] != 0)


@worker_shutting_down.connect
def _stop_children(**_: Any) -> None:
    _stopping[0] = 1


@app.task(name=queue.DRAIN)
def drain() -> None:
    """There is work."""
    child.current().drain()
