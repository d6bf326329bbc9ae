"""Who is announced behind another body, and may not go after all."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from mailer import clock
from tests.worker.line import fates, judge, parcels, row
from tests.worker.mailhost import Host
from worker.batch import Batch
from worker.claim import Claimed
from worker.journal import Journal
from worker.pace import Pace
from worker.throttle import Grant
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint
from worker.transport.smtp import Smtp

Run = Callable[..., list[Outcome]]


@pytest.fixture
def left_open() -> list[bool]:
    """Whether the line was still open when the batch was over."""
    return []


@pytest.fixture
def transmit(journal: Journal, left_open: list[bool]) -> Callable[..., list[Outcome]]:
    """A batch on one connection, its outcomes in the order of their parcels."""

    def run(host: Host, sent: Sequence[Parcel], may_go: Callable[[int], bool], interval: float = 0.0) -> list[Outcome]:
        async def renew(wanted: int) -> Grant:
            return Grant(wanted, 0.0, interval)

        left_open.clear()

        async def main() -> list[tuple[Claimed, Outcome]]:
            made = {parcel.delivery_id: parcel for parcel in sent}
            pace = Pace(Grant(len(sent), 0.0, interval), clock.monotonic(), renew)
            batch = Batch(
                [*map(row, made)],
                lambda each: made[each.id],
                journal.claim(),
                journal,
                pace,
                may_go,
                clock.monotonic() + 60,
            )
            async with host:
                connection = Smtp(Endpoint("127.0.0.1", host.port), 2.0).connect()
                await batch.transmit([connection])
                # Long enough for what could still come.
                await asyncio.sleep(0.1)
                left_open.append(host.talking)
                await connection.close()
                return batch.settled()

        return [outcome for _, outcome in sorted(asyncio.run(main()), key=lambda each: each[0].id)]

    return run


@pytest.mark.databases("sqlite")
def test_who_may_not_go_any_more_gets_no_body_though_the_envelope_is_out(transmit: Run) -> None:
    """Withdrawn while the server thinks about the message before."""
    withdrawn: set[int] = set()

    def answer(verb: str, _: str) -> str | None:
        if verb == "body" and len(host.letters) > 1:
            withdrawn.add(2)
        return None

    host, sent = Host("PIPELINING", answer=answer), parcels(4)
    outcomes = transmit(host, sent, lambda number: number not in withdrawn)
    assert fates(outcomes) == [Fate.SENT, Fate.SENT, Fate.KEPT, Fate.SENT]
    assert any(b"RCPT TO:<r2@" in chunk for chunk in host.heard), "the envelope was to be out"
    assert [letter.body for letter in host.letters if letter.recipient == "r2@reader.example"] == [b""]
    assert host.sessions == 2, "the line was to be cut"
    judge(host, sent, outcomes)


@pytest.mark.databases("sqlite")
def test_where_the_last_one_may_not_go_any_more_nobody_is_left_waiting_for_a_body(
    transmit: Run, left_open: list[bool]
) -> None:
    withdrawn: set[int] = set()

    def answer(verb: str, _: str) -> str | None:
        if verb == "body" and len(host.letters) > 1:
            withdrawn.add(2)
        return None

    host = Host("PIPELINING", answer=answer)
    assert fates(transmit(host, parcels(3), lambda number: number not in withdrawn)) == [
        Fate.SENT,
        Fate.SENT,
        Fate.KEPT,
    ]
    assert left_open == [False]


@pytest.mark.databases("sqlite")
def test_who_may_not_go_is_not_announced_and_costs_no_connection(transmit: Run, left_open: list[bool]) -> None:
    host = Host("PIPELINING")
    outcomes = transmit(host, parcels(4), lambda number: number != 2)
    assert fates(outcomes) == [Fate.SENT, Fate.SENT, Fate.KEPT, Fate.SENT]
    assert not any(b"<r2@" in chunk for chunk in host.heard)
    assert (host.sessions, left_open) == (1, [True])


def test_a_body_does_not_go_into_an_envelope_that_is_out_for_another() -> None:
    async def main() -> list[Outcome]:
        async with host:
            connection = Smtp(Endpoint("127.0.0.1", host.port), 2.0).connect()
            first = await connection.send(sent[0], lambda: None)
            second = await connection.send(sent[1], lambda: None, lambda: sent[2])
            third = await connection.send(sent[3], lambda: None)
            await connection.close()
            return [first, second, third]

    host, sent = Host("PIPELINING"), parcels(4)
    assert fates(asyncio.run(main())) == [Fate.SENT] * 3
    assert any(b"RCPT TO:<r2@" in chunk for chunk in host.heard)
    assert [letter.recipient[:2] for letter in host.letters if letter.body] == ["r0", "r1", "r3"]
    judge(host, sent, [Outcome(fate) for fate in (Fate.SENT, Fate.SENT, Fate.KEPT, Fate.SENT)])


@pytest.mark.databases("sqlite")
def test_nobody_goes_ahead_of_a_place_in_time(transmit: Run) -> None:
    host, sent = Host("PIPELINING"), parcels(3)
    assert fates(transmit(host, sent, lambda _: True, 0.3)) == [Fate.SENT] * 3
    assert not any(chunk.startswith(b"Subject") and b"MAIL FROM" in chunk for chunk in host.heard)


@pytest.mark.databases("sqlite")
def test_a_refusal_of_us_stops_the_one_whose_envelope_is_out(transmit: Run) -> None:

    def answer(verb: str, _: str) -> str | None:
        return "550 5.7.26 unauthenticated" if verb == "body" and len(host.letters) > 1 else None

    host, sent = Host("PIPELINING", answer=answer), parcels(4)
    assert fates(transmit(host, sent, lambda _: True)) == [Fate.SENT, Fate.UNSENT, Fate.KEPT, Fate.KEPT]
    assert any(b"RCPT TO:<r2@" in chunk for chunk in host.heard), "the envelope was to be out"
    assert [letter.recipient for letter in host.letters if letter.body] == ["r0@reader.example", "r1@reader.example"]
