"""``mailer worker``: a worker in the foreground."""

import os

import typer

from mailer import broker, installation, queue, workers, zone
from mailer.cli.stop import until_stopped
from mailer.config import environment, settings
from mailer.patience import patiently


def worker(
    concurrency: int = typer.Option(1, "--concurrency", "-c", min=1, max=64, help="Child processes that send."),
    name: str = typer.Option("worker", "--name", help="Tells the workers of one data home apart."),
) -> None:
    """Send what there is to send, until stopped (Ctrl-C or SIGTERM finishes what is in flight)."""
    # Checked here, so that what is wrong is one line and not a worker that keeps dying.
    with until_stopped():
        chosen = broker.chosen(settings())
        house = patiently(lambda: installation.unlock(chosen))
        house.database.dispose()
        zone.look(house)
        workers.demand_free(chosen, name)
        queue.look(chosen)
        words = workers.command(name, concurrency)
        os.execve(words[0], words, environment(chosen))  # noqa: S606 — our own module, arguments of our own
