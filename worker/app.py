"""The Celery app of a worker: its tasks, and how its children begin and end."""

import ctypes
import mmap
import os
import signal
import sys
import threading
from typing import Any

from billiard import active_children
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown, worker_shutting_down

from mailer import broker, clock, log, queue
from mailer.config import settings
from worker import child, inbox

_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1  # prctl(2)

chosen = broker.chosen(settings())
inbox.install()
app = queue.app(chosen)

# Two octets that the parent shares with its children: whether they are to stop, and whether one gave up.
_stopping = mmap.mmap(-1, 2)
_parent = os.getpid()


def tie(number: int) -> None:
    """Have this process sent a signal when its parent ends, where the system can (Linux); 0 for none."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def _is_to_stop() -> bool:
    """Whether a child is to stop: told so, or left behind by its parent."""
    return _stopping[0] != 0 or os.getppid() != _parent


def _give_up() -> None:
    """Have the whole worker end, from one of its children."""
    # Until Celery has heard of it, it replaces each child that ends.
    _stopping[0] = 1
    if os.getppid() == _parent:
        _stopping[1] = 1
        os.kill(_parent, signal.SIGTERM)


def gave_up() -> bool:
    """Whether this worker ends because a child cannot work."""
    return _stopping[1] != 0


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    log.configure(chosen.log)


@worker_process_init.connect
def _start_child(**_: Any) -> None:
    """Everything with a socket or a thread is made after the fork, never before it."""
    # Celery has its children killed when their parent ends. A child that replaces another is forked
    # by one of the parent's threads, and would be killed when that thread ends, at every stop.
    tie(0)
    if _is_to_stop():
        os._exit(0)
    child.start(chosen, app, _is_to_stop, _give_up)


@worker_process_shutdown.connect
def _end_child(**_: Any) -> None:
    child.end()


@worker_shutting_down.connect
def _stop_children(**_: Any) -> None:
    _stopping[0] = 1
    threading.Thread(target=_leave, name="leave", daemon=True).start()


def _leave() -> None:
    """End the parent once its children have ended, if Celery does not.

    Its pool can wait for ever for a lock that a killed child took along; all that counts is in the ledger.
    """
    while active_children():
        clock.sleep(_LOOK_SECONDS)
    clock.sleep(_GRACE_SECONDS)
    os._exit(int(gave_up()))


@app.task(name=queue.DRAIN)
def drain() -> None:
    """There is work."""
    child.current().drain()
