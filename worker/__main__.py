"""A worker process: ``python -m worker``; people start it with ``mailer worker``."""

import argparse
import os
import signal
import sys

from mailer import workers
from mailer.errors import MailerError
from worker.app import app, chosen, gave_up, tie


def main() -> None:
    """Run Celery's prefork worker until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m worker")
    parser.add_argument("--concurrency", type=int, default=1, help="child processes that send")
    parser.add_argument("--name", default="worker", help="tells the workers of one data home apart")
    parser.add_argument("--tied", type=int, metavar="PID", help="end when this process, the parent, ends")
    options = parser.parse_args()
    if options.tied:
        tie(signal.SIGTERM)
        # It may have ended before there was anything to notice it by.
        if os.getppid() != options.tied:
            return
    try:
        name = workers.claim_name(chosen, options.name)
    except MailerError as error:
        parser.exit(error.exit_code, f"worker: {error}\n")
    # Held until the process ends: its children may outlive it, and have no part in it.
    with name:
        try:
            _work(options.name, options.concurrency)
        finally:
            # Celery ends with 0 whatever its children made of it.
            if gave_up():
                sys.exit(1)


def _work(name: str, concurrency: int) -> None:
    app.worker_main(
        [
            "--quiet",
            "worker",
            "--pool=prefork",
            f"--concurrency={concurrency}",
            f"--hostname={name}@%h",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=warning",
        ]
    )


if __name__ == "__main__":
    main()
