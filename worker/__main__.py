"""A worker process: ``python -m worker``; people start it with ``mailer worker``."""

import argparse
import signal

from worker.app import app, tie


def main() -> None:
    """Run Celery's prefork worker until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m worker")
    parser.add_argument("--concurrency", type=int, default=1, help="child processes that send")
    parser.add_argument("--name", default="worker", help="tells workers of one host apart in their logs")
    parser.add_argument("--tied", action="store_true", help="end when the parent process ends")
    options = parser.parse_args()
    if options.tied:
        tie(signal.SIGTERM)
    app.worker_main(
        [
            "--quiet",
            "worker",
            "--pool=prefork",
            f"--concurrency={options.concurrency}",
            f"--hostname={options.name}@%h",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=warning",
        ]
    )


if __name__ == "__main__":
    main()
