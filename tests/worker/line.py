"""Messages that are handed over on one line, and what became of them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from mailer import clock
from tests.worker.hasty import HastyLoop
from tests.worker.mailhost import Host
from worker.claim import Claimed
from worker.loop import new_event_loop
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint
from worker.transport.smtp import Smtp

Loop = Callable[[], asyncio.AbstractEventLoop]
LOOPS: tuple[Loop, ...] = (HastyLoop, new_event_loop)
"""Python's own event loop, and the one that workers run on where it is installed."""
each_loop = pytest.mark.parametrize("loop", LOOPS, ids=["python", "worker"])
CLEAR = Endpoint("127.0.0.1", 0)
_PATIENCE_SECONDS = 5.0
"""More than any machine takes for an answer that is on its way."""


def parcels(n: int, *, size: int = 0) -> list[Parcel]:
    return [
        Parcel(
            number,
            "r@news.example",
            f"r{number}@reader.example",
            (b"Subject: %d\r\n" % number, b"\r\n%b\r\n" % (b"x" * size)),
        )
        for number in range(n)
    ]


def row(number: int) -> Claimed:
    return Claimed(number, 0, 1, clock.now(), b"", b"", b"", None, None, 1, resend=False, test=False)


async def handed_over(
    host: Host,
    sent: Sequence[Parcel],
    *,
    together: bool = True,
    endpoint: Endpoint = CLEAR,
) -> list[Outcome]:
    """What became of each, on one connection; ``together``: each is announced as soon as it may be.

    ``endpoint``: how the host is spoken to, wherever it listens.
    """
    connection = Smtp(replace(endpoint, port=host.port), _PATIENCE_SECONDS).connect()
    outcomes = []
    for number, parcel in enumerate(sent):
        following = sent[number + 1] if together and number + 1 < len(sent) else None
        outcomes.append(await connection.send(parcel, lambda: None, lambda next_=following: next_))  # type: ignore[misc]  # a default binds it
    await connection.close()
    return outcomes


def run(
    host: Host,
    sent: Sequence[Parcel],
    *,
    together: bool = True,
    endpoint: Endpoint = CLEAR,
    loop: Loop = HastyLoop,
) -> list[Outcome]:
    async def main() -> list[Outcome]:
        async with host:
            return await handed_over(host, sent, together=together, endpoint=endpoint)

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main())


def fates(outcomes: Sequence[Outcome]) -> list[Fate]:
    return [outcome.fate for outcome in outcomes]


def judge(host: Host, sent: Sequence[Parcel], outcomes: Sequence[Outcome]) -> None:
    """By the server's own record: nobody gets another's body, and what is said to be sent was agreed to."""
    contents = {parcel.recipient: parcel.content for parcel in sent}
    for letter in host.letters:
        assert contents[letter.recipient].startswith(letter.body), "a body went to somebody else's recipient"
    for parcel, outcome in zip(sent, outcomes, strict=True):
        mine = [letter for letter in host.letters if letter.recipient == parcel.recipient and letter.body]
        taken = [letter for letter in mine if letter.whole and letter.said.startswith(b"2")]
        assert len(taken) <= 1, "it went twice"
        if outcome.fate is Fate.SENT:
            assert taken
        elif not outcome.after_body:
            assert not any(letter.whole for letter in mine)
