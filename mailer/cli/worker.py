"""``mailer worker``: a worker in the foreground."""

import os

import typer

from mailer import broker, installation, queue, workers
from mailer.config import environment, settings


def worker(
    concurrency: int = typer.Option(1, "--concurrency", "-c", min=1, max=64, help="Child processes that send."),
    name: str = typer.Option("worker", "--name", help="Tells the workers of one host apart."),
) -> None:
    """Send what there is to send, until stopped (Ctrl-C or SIGTERM finishes what is in flight)."""
    # Checked here, so that what is wrong is one line and not a worker that keeps dying.
    chosen = broker.chosen(settings())
    installation.unlock(chosen).database.dispose()
    queue.check(chosen)
    words = workers.command(name, concurrency, tied=False)
    os.execve(words[0], words, environment(chosen))  # noqa: S606 — our own module, arguments of our own
