"""Waking the workers after a command has made work for them."""

from mailer import queue
from mailer.cli.screen import screen
from mailer.errors import UnavailableError
from mailer.installation import Installation


def wake(house: Installation) -> None:
    """Tell the workers; where the broker is away their tickers find out by themselves, and that is said."""
    try:
        queue.wake(queue.app(house.settings))
    except UnavailableError as error:
        screen().remark(error.message, **error.values)
