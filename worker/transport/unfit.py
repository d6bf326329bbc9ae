"""A way that is not fit for use as it is set up: nobody is reached by it, and all mail comes back at once."""

from collections.abc import Callable

from mailer.reply.classes import UNFIT
from worker.transport import Fate, Outcome, Parcel, nothing


def unfit(why: str) -> Outcome:
    """What becomes of a mail that was to go by such a way."""
    return Outcome(Fate.UNSENT, reply=why, kind=UNFIT, unreached=True)


class UnfitConnection:
    """See ``Connection``. ``why``: what is wrong with the way, without any secret."""

    timeout = 0.0

    def __init__(self, why: str) -> None:
        self._outcome = unfit(why)

    async def send(
        self, _parcel: Parcel, _leaving: Callable[[], None], _following: Callable[[], Parcel | None] = nothing
    ) -> Outcome:
        return self._outcome

    async def close(self) -> None:
        """There is nothing to close."""
