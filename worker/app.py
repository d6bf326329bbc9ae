"""The Celery app of a worker: its tasks, and what each prefork child sets up for itself."""

import ctypes
import mmap
import os
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
_parent = os.getpid()


def end_with_parent() -> None:
    """Have this process told to stop when its parent ends, where the system can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _is_to_stop() -> bool:
    """Whether a child is to stop: told so, or left behind by its parent.

    Not PR_SET_PDEATHSIG here: a child that replaces another is forked by one of the parent's
    threads, and the signal would come when that thread ends.
    """
    return _stopping[0] != 0 or os.getppid() != _parent


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    log.configure(chosen.log)


@worker_process_init.connect
def _start_child(**_: Any) -> None:
    """Everything with a socket or a thread is made after the fork, never before it."""
    child.start(chosen, app, _is_to_stop)


@worker_shutting_down.connect
def _stop_children(**_: Any) -> None:
    _stopping[0] = 1


@app.task(name=queue.DRAIN)
def drain() -> None:
    """There is work."""
    child.current().drain()
