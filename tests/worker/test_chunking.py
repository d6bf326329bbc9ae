"""All in one write, where it may be and pays (RFC 3030), and that no answer counts for another."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from tests.worker.line import Loop, each_loop, fates, judge, parcels, run
from tests.worker.mailhost import Host, speak
from worker.transport import Fate, Parcel
from worker.transport.offer import Offer
from worker.transport.session import Session
from worker.transport.wire import Wire

BOTH = ("PIPELINING", "CHUNKING")


def far(answer: Callable[[str, str], str | None] = lambda *_: None) -> Host:
    """A server that offers both, and is so far away that a body goes in one write with its envelope."""

    async def late(writer: asyncio.StreamWriter, reply: bytes) -> None:
        if reply.startswith(b"250-mx"):
            await asyncio.sleep(0.02)
        await speak(writer, reply)

    return Host(*BOTH, answer=answer, speak=late)


@each_loop
def test_a_server_far_away_gets_all_in_one_write_once_it_has_shown_that_it_tells_what_it_takes(loop: Loop) -> None:
    dotted = b"Subject: x\r\n\r\n.\r\n..dots\r\n"
    host, sent = far(), [*parcels(1), Parcel(1, "r@news.example", "r1@reader.example", (dotted,))]
    assert fates(run(host, sent, together=False, loop=loop)) == [Fate.SENT] * 2
    assert [b"DATA" in chunk for chunk in host.heard] == [False, True, False, False, False]
    opening = b"MAIL FROM:<r@news.example>\r\nRCPT TO:<r1@reader.example>\r\nBDAT 25 LAST\r\n"
    assert host.heard[3] == opening + dotted
    assert host.letters[1].body == dotted, "counted octets need no dots doubled"


@each_loop
@pytest.mark.parametrize("said", ["250 kept", "250 2.1.5 kept", "250-2.1.0 kept\r\n250 2.0.0 kept"])
def test_a_server_that_does_not_tell_what_it_takes_never_gets_all_in_one_write(loop: Loop, said: str) -> None:
    host = far(lambda verb, _: said if verb == "body" else None)
    assert fates(run(host, parcels(3), together=False, loop=loop)) == [Fate.SENT] * 3
    assert not any(b"BDAT" in chunk for chunk in host.heard)


@pytest.mark.parametrize(
    ("offer", "seconds", "tells", "chunked"),
    [
        (Offer(pipelining=True, chunking=True), 0.010, True, True),
        (Offer(pipelining=True, chunking=True), 0.009, True, False),
        (Offer(pipelining=True, chunking=True), 0.010, False, False),
        (Offer(pipelining=True), 0.010, True, False),
        (Offer(chunking=True), 0.010, True, False),
    ],
)
def test_all_goes_in_one_write_only_where_that_may_be_and_pays(
    offer: Offer, seconds: float, *, tells: bool, chunked: bool
) -> None:
    assert Session(Wire(), offer, seconds, tells).chunked is chunked


@each_loop
@pytest.mark.parametrize(
    ("verb", "said", "fate"),
    [
        ("MAIL", "451 4.3.0 later", Fate.DEFERRED),
        ("RCPT", "550 5.1.1 nobody here", Fate.FAILED),
        ("BDAT", "552 5.2.2 full", Fate.DEFERRED),
        ("BDAT", "354 what", Fate.UNCERTAIN),
        ("BDAT", "", Fate.UNCERTAIN),
        ("RCPT", "", Fate.UNCERTAIN),
        ("RCPT", "354 what", Fate.UNCERTAIN),
    ],
)
def test_what_is_answered_to_one_write_counts_for_what_it_answers(loop: Loop, verb: str, said: str, fate: Fate) -> None:
    count: Counter[str] = Counter()

    def answer(at: str, _: str) -> str | None:
        count[at] += 1
        refused = at == "BDAT" and verb != "BDAT"
        # The first message goes as any other.
        second = count[at] == (1 if at == "BDAT" else 2)
        return ("503 for nobody" if refused else said) if second and (at == verb or refused) else None

    host, sent = far(answer), parcels(3)
    outcomes = run(host, sent, together=False, loop=loop)
    assert fates(outcomes) == [Fate.SENT, fate, Fate.SENT]
    assert host.sessions == (1 if said[:1] in {"4", "5"} else 2)
    judge(host, sent, outcomes)


@each_loop
@pytest.mark.parametrize("shift", ["250 2.1.0 ok\r\n250 2.1.0 ok", "250 2.1.0 ok\r\n250 ok"])
def test_a_yes_too_many_is_not_taken_for_one_to_the_body(loop: Loop, shift: str) -> None:
    count: Counter[str] = Counter()

    def answer(at: str, _: str) -> str | None:
        count[at] += 1
        return {"MAIL": shift, "BDAT": "554 5.6.0 no"}.get(at) if count["MAIL"] > 1 else None

    outcomes = run(far(answer), parcels(2), together=False, loop=loop)
    assert fates(outcomes) == [Fate.SENT, Fate.UNCERTAIN]


@each_loop
def test_a_yes_that_is_said_twice_is_in_doubt(loop: Loop) -> None:
    twice = "250 2.0.0 kept\r\n250 2.0.0 kept"
    outcomes = run(far(lambda verb, _: twice if verb == "BDAT" else None), parcels(3), together=False, loop=loop)
    assert fates(outcomes) == [Fate.SENT, Fate.UNCERTAIN, Fate.SENT]


@each_loop
def test_a_body_that_was_taken_for_nobody_is_in_doubt(loop: Loop) -> None:
    count: Counter[str] = Counter()

    def answer(at: str, _: str) -> str | None:
        count[at] += 1
        return {"RCPT": "550 5.1.1 nobody here", "BDAT": "250 2.0.0 kept"}.get(at) if count["MAIL"] > 1 else None

    assert fates(run(far(answer), parcels(2), together=False, loop=loop)) == [Fate.SENT, Fate.UNCERTAIN]
