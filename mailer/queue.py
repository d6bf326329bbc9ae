"""Waking the workers: the names of the tasks, and the only place that speaks to the broker.

A message says "there is work" and nothing else. Losing, doubling or delaying one loses or
doubles no mail: the ledger knows what is to be done, and every worker's ticker looks there too.
"""

import fcntl
from pathlib import Path
from typing import Any

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from mailer import log
from mailer.config import Settings
from mailer.errors import MisconfiguredError, UnavailableError
from mailer.i18n import N_

DRAIN = "worker.drain"
_QUEUE = "twinletter"
_EXPIRES = 60
_FOLDER = "filesystem://"


def folder(settings: Settings) -> Path:
    """Where the broker of a single host lives."""
    return settings.home / "broker"


def transport_options(settings: Settings) -> dict[str, Any]:
    """What kombu's transports want beside the URL."""
    if settings.broker_url != _FOLDER:
        return {"socket_keepalive": True, "health_check_interval": 10, "socket_timeout": 10}
    inbox = folder(settings)
    return {
        "data_folder_in": str(inbox / "messages"),
        "data_folder_out": str(inbox / "messages"),
        "control_folder": str(inbox / "control"),
        "polling_interval": 0.2,
    }


def app(settings: Settings) -> Celery:
    """The Celery app: no results, no schedules, no retries, one message at a time."""
    if settings.broker_url == _FOLDER:
        for name in ("messages", "control"):
            (folder(settings) / name).mkdir(parents=True, exist_ok=True)
    celery = Celery("twinletter", broker=settings.broker_url, set_as_current=False)
    celery.conf.update(
        broker_transport_options=transport_options(settings),
        broker_connection_retry_on_startup=True,
        # For ever; 0 would be not even once, whatever Celery's manual says.
        broker_connection_max_retries=None,
        task_ignore_result=True,
        task_default_queue=_QUEUE,
        worker_prefetch_multiplier=1,
        # With late acknowledgement a busy worker holds no second wake-up back from an idle one.
        task_acks_late=True,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
    )
    if settings.broker_url == _FOLDER:
        _declare(celery, folder(settings))
    return celery


def _declare(celery: Celery, inbox: Path) -> None:
    """Have the queue in its folder before anybody uses it: two that make it at once read each other's half of it."""
    with (inbox / "lock").open("a") as held, celery.connection_for_write() as connection:
        fcntl.flock(held, fcntl.LOCK_EX)
        celery.amqp.queues[_QUEUE](connection.default_channel).declare()


def wake(celery: Celery, times: int = 1) -> None:
    """Tell ``times`` idle workers that there is work. Raises UnavailableError without a broker."""
    try:
        for _ in range(times):
            celery.send_task(DRAIN, expires=_EXPIRES, retry=False)
    except (OperationalError, OSError) as error:
        raise _unavailable(error) from None


def check(settings: Settings) -> None:
    """Raise where the broker cannot be used: MisconfiguredError for its URL, UnavailableError else."""
    try:
        connection = Connection(settings.broker_url, transport_options=transport_options(settings), connect_timeout=3)
        connection.ensure_connection(max_retries=1, interval_start=0.1, timeout=5)
        connection.release()
    except (KeyError, ValueError, ImportError):
        raise MisconfiguredError(
            N_("MAILER_BROKER_URL names no broker that we know: give redis://HOST:PORT/0, or leave it empty.")
        ) from None
    except (OperationalError, OSError) as error:
        raise _unavailable(error) from None


def look(settings: Settings) -> None:
    """The same for what works without a broker too, only slower: one that is away is said, and no error."""
    try:
        check(settings)
    except UnavailableError as error:
        log.logger().warning("broker.unavailable", why=str(error))


def spent(settings: Settings) -> float | None:
    """CPU seconds that the broker has used since it began; ``None`` for the folder, which is no process."""
    if settings.broker_url == _FOLDER:
        return None
    with Connection(settings.broker_url, transport_options=transport_options(settings)) as connection:
        told = connection.default_channel.client.info("cpu")
    return float(told["used_cpu_user"] + told["used_cpu_sys"])


def _unavailable(error: Exception) -> UnavailableError:
    why = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    return UnavailableError(N_("The broker does not answer: %(why)s. Start it, or check MAILER_BROKER_URL."), why=why)
