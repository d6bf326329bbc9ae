"""Every step at which a server can answer badly, fall silent or hang up, against a scripted server."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from tests.worker.hasty import hurry
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint
from worker.transport.smtp import Smtp

PARCEL = Parcel(1, "returns@news.example", "mei.chan@reader.example", (b"Subject: x\r\n\r\n.dot\r\n",))
STEPS = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "body")
FINE = {
    "connect": "220 hi",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go",
    "body": "250 kept",
    "nobody": "503 for nobody",
}


OFFERS = {"one by one": "250 hi", "pipelined": "250-hi\r\n250 PIPELINING"}
"""What a server says to EHLO."""


class Server:
    """Answers as scripted at one step, rightly at all others. "" hangs up, None is silent."""

    def __init__(self, step: str, answer: str | None, offer: str = OFFERS["one by one"]) -> None:
        self.bad = {step: answer}
        self.kept: list[bytes] = []
        # Whose each of them was: the number in the name that was last agreed to.
        self.names: list[bytes] = []
        self._fine = FINE | {"EHLO": offer}
        self._talks: list[asyncio.Task[None]] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.append(asyncio.create_task(self._talk(reader, writer)))

    async def end(self) -> None:
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answers(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name, wanted = b"", False
        if await self._answer(writer, "connect"):
            while line := await reader.readline():
                verb = line.split(b" ")[0].strip().decode().upper()
                if verb == "HELO":
                    verb = "EHLO"
                if verb == "RCPT":
                    name = (re.search(rb"<r(\d)@", line) or [b"", b""])[1]
                    wanted = (self.bad.get("RCPT", "250") or "").startswith("25")
                if verb == "DATA" and "DATA" not in self.bad and not wanted:
                    verb = "nobody"
                if not await self._answer(writer, verb):
                    break
                if verb == "DATA" and "DATA" not in self.bad:
                    await self._keep(reader, name)
                    if not await self._answer(writer, "body"):
                        break

    async def _keep(self, reader: asyncio.StreamReader, name: bytes) -> None:
        body, line = b"", b""
        while line != b".\r\n":
            if not (line := await reader.readline()):
                raise ConnectionResetError
            body += line
        self.kept.append(body)
        self.names.append(name)

    async def _answer(self, writer: asyncio.StreamWriter, step: str) -> bool:
        answer = self.bad.get(step, self._fine.get(step, "250 ok"))
        if answer is None:
            await asyncio.sleep(5)
        if not answer:
            return False
        writer.write(answer.encode("latin-1", "replace") + b"\r\n")
        await writer.drain()
        return True


Talk = Callable[[str, str | None], tuple[Outcome, Outcome]]


@pytest.fixture(params=OFFERS)
def offer(request: pytest.FixtureRequest) -> str:
    return OFFERS[request.param]


@pytest.fixture
def talk(offer: str) -> Talk:
    """The outcome at a server that misbehaves at one step, then on the same connection at one that does not."""

    async def run(step: str, answer: str | None) -> tuple[Outcome, Outcome]:
        bad = Server(step, answer, offer)
        server = await asyncio.start_server(bad.accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = Smtp(Endpoint("127.0.0.1", port), 0.5).connect()
        first = await connection.send(PARCEL, lambda: None)
        bad.bad.clear()
        second = await connection.send(PARCEL, lambda: None)
        await connection.close()
        server.close()
        await bad.end()
        assert bad.kept[-1].endswith(b"\r\n..dot\r\n.\r\n")
        return first, second

    return lambda step, answer: hurry(run(step, answer))


UNSENT, DEFERRED, FAILED, UNCERTAIN, SENT = Fate.UNSENT, Fate.DEFERRED, Fate.FAILED, Fate.UNCERTAIN, Fate.SENT


@pytest.mark.parametrize(
    ("answer", "fates"),
    [
        ("421 4.3.2 going down", (DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED)),
        ("451 4.7.1 later", (DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED)),
        ("550 5.1.1 no such mailbox", (UNSENT, UNSENT, UNSENT, FAILED, FAILED, FAILED)),
        ("530 5.7.0 authenticate first", (UNSENT, UNSENT, UNSENT, UNSENT, UNSENT, UNSENT)),
        ("550 5.7.26 unauthenticated", (UNSENT, UNSENT, UNSENT, UNSENT, UNSENT, UNSENT)),
        ("554 5.7.1 Client host blocked using bl.example", (UNSENT, UNSENT, UNSENT, UNSENT, UNSENT, UNSENT)),
        ("550 Ip frequency limited", (DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED)),
        ("552 5.2.2 mailbox full", (DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED)),
        ("550 4.2.1 it says two things", (DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED)),
        ("450 5.1.1 it says two things", (DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED, DEFERRED)),
        ("", (UNSENT, UNSENT, UNSENT, DEFERRED, DEFERRED, UNCERTAIN)),
        (None, (UNSENT, UNSENT, UNSENT, DEFERRED, DEFERRED, UNCERTAIN)),
        ("rubbish", (UNSENT, UNSENT, UNSENT, DEFERRED, DEFERRED, UNCERTAIN)),
        ("251 will forward", (UNSENT, None, None, None, DEFERRED, SENT)),
        ("354 what?", (UNSENT, UNSENT, UNSENT, DEFERRED, None, UNCERTAIN)),
    ],
)
def test_each_answer_at_each_step_has_its_fate(
    talk: Talk, offer: str, answer: str | None, fates: tuple[Fate | None, ...]
) -> None:
    if answer is None and "PIPELINING" in offer:
        # Said together with MAIL, it may be the name that it thinks about.
        fates = (*fates[:2], DEFERRED, *fates[3:])
    for step, fate in zip(STEPS, fates, strict=True):
        if fate is not None:
            first, second = talk(step, answer)
            assert (step, first.fate) == (step, fate)
            assert first.after_body is (step == "body")
            assert (step, second.fate) == (step, Fate.SENT), "the connection does not recover"


def test_a_reply_keeps_its_code_and_loses_the_address(
    talk: Talk,
) -> None:
    outcome, _ = talk("RCPT", "550 5.1.1 <Mei.Chan@reader.example>: mei.chan unknown; see o'neill@other.example")
    assert (outcome.code, outcome.enhanced) == (550, "5.1.1")
    assert outcome.reply == "5.1.1 <<address>>: <address> unknown; see <address>"


@pytest.mark.parametrize("step", STEPS)
def test_a_limit_on_our_rate_slows_us_wherever_it_is_said(talk: Talk, step: str) -> None:
    for answer in ("421 4.7.0 Too many concurrent connections", "550 Ip frequency limited"):
        outcome, after = talk(step, answer)
        assert (outcome.slows, outcome.halts) == (True, False)
        assert outcome.fate in (UNSENT, DEFERRED)
        assert (after.slows, after.kind) == (False, None)


@pytest.mark.parametrize(("charset", "said"), [("gb18030", "邮箱已满"), ("big5", "信箱已滿"), ("utf-8", "信箱已滿")])
@pytest.mark.parametrize("step", ["RCPT", "DATA", "body"])
def test_chinese_is_understood_in_each_of_its_charsets(talk: Talk, step: str, charset: str, said: str) -> None:
    outcome, _ = talk(step, "552 " + said.encode(charset).decode("latin-1"))
    assert (outcome.fate, outcome.kind and outcome.kind.key, outcome.reply) == (DEFERRED, "mailbox-full", said)


@pytest.mark.parametrize("line", ["550-x\r\n", "550-" + "x" * 4000 + "\r\n", "550-user unknown\r\n", "y"])
@pytest.mark.parametrize("step", STEPS)
def test_a_reply_of_a_megabyte_harms_nobody(talk: Talk, step: str, line: str) -> None:
    outcome, _ = talk(step, line * (1_000_000 // len(line)) + "550 user unknown")
    expected = {"RCPT": (DEFERRED, FAILED), "DATA": (DEFERRED, FAILED), "body": (UNCERTAIN, FAILED)}
    assert outcome.fate in expected.get(step, (UNSENT,))
    assert len(outcome.reply) <= 500


def test_an_endless_reply_is_cut_and_costs_no_time(talk: Talk) -> None:
    outcome, _ = talk("RCPT", "550 " + "x" * 60_000)
    assert outcome.fate is not Fate.SENT
    assert len(outcome.reply) <= 500


def test_nobody_there_is_unsent() -> None:
    async def run() -> Outcome:
        return await Smtp(Endpoint("127.0.0.1", 1), 5.0).connect().send(PARCEL, lambda: None)

    assert hurry(run()).fate is Fate.UNSENT


class Chatter(Server):
    """Says at one step, beside its answer, something that nobody asked for, at once or a moment later."""

    def __init__(self, step: str, more: bytes, offer: str = OFFERS["one by one"], *, later: bool = False) -> None:
        super().__init__("", "", offer)
        self._step, self._more, self._later = step, more, later

    async def _answer(self, writer: asyncio.StreamWriter, step: str) -> bool:
        if step != self._step or not self._more:
            return await super()._answer(writer, step)
        more, self._more = self._more, b""
        said = self._fine.get(step, "250 ok").encode() + b"\r\n"
        writer.write(said if self._later else said + more)
        await writer.drain()
        if self._later:
            await asyncio.sleep(0.05)
            writer.write(more)
            await writer.drain()
        return True


def _sent(bad: Server, n: int = 4) -> list[Outcome]:
    """What becomes of messages to different people that go out on one connection."""

    async def run() -> list[Outcome]:
        server = await asyncio.start_server(bad.accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = Smtp(Endpoint("127.0.0.1", port), 0.5).connect()
        outcomes = []
        parcels = [
            Parcel(number, "r@news.example", f"r{number}@reader.example", (b"Subject: %d\r\n\r\nx\r\n" % number,))
            for number in range(n)
        ]
        for parcel, following in zip(parcels, [*parcels[1:], None], strict=True):
            began = asyncio.get_running_loop().time()
            outcomes.append(await connection.send(parcel, lambda: None, partial(lambda next_: next_, following)))
            assert asyncio.get_running_loop().time() - began < 0.5 + 0.3, "longer than the time-out"
        await connection.close()
        server.close()
        await bad.end()
        return outcomes

    return hurry(run())


@pytest.mark.parametrize("when", ["at once", "later"])
@pytest.mark.parametrize(
    "more", [b"250 ok\r\n", b"354 go\r\n", b"550 no\r\n", b"421 going down\r\n", b"\xff\x00\xfe\r\n", b"250-"]
)
@pytest.mark.parametrize("step", STEPS)
def test_who_says_more_than_it_was_asked_gets_no_body_twice_and_for_nobody_else(
    offer: str, step: str, more: bytes, when: str
) -> None:
    bad = Chatter(step, more, offer, later=when == "later")
    outcomes = _sent(bad)
    kept = Counter((re.search(rb"Subject: (\d)", body) or [b"", b"?"])[1] for body in bad.kept)
    envelopes = list(zip(bad.names, bad.kept, strict=True))
    for name, body in envelopes:
        assert b"Subject: " + name in body, "a body went to somebody else's recipient"
        assert body.startswith(b"Subject:"), "commands were taken for a body"
    assert set(kept.values()) <= {1}
    for number, outcome in enumerate(outcomes):
        if outcome.fate is SENT:
            assert kept[b"%d" % number] == 1, "counted as sent, and was not"
        elif not outcome.after_body:
            assert kept[b"%d" % number] == 0
    # Whatever it did to one message, those that follow it get through.
    assert outcomes[-1].fate is SENT
    if when == "at once" and "PIPELINING" not in offer:
        assert FAILED not in {outcome.fate for outcome in outcomes}, "what was said before the name counted against it"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("line", [b"250-more\r\n", b"x" * 4000, b"\x00\xff\xfe"])
def test_an_answer_without_an_end_takes_no_longer_than_the_time_out(offer: str, step: str, line: bytes) -> None:
    class Endless(Server):
        async def _answer(self, writer: asyncio.StreamWriter, at: str) -> bool:
            if at != step:
                return await super()._answer(writer, at)
            while True:
                writer.write(line)
                await writer.drain()
                await asyncio.sleep(0.001)

    (outcome,) = _sent(Endless("", "", offer), 1)
    expected: dict[str, tuple[Fate, ...]] = {"RCPT": (DEFERRED,), "DATA": (DEFERRED,), "body": (UNCERTAIN,)}
    if "PIPELINING" in offer:
        expected["MAIL"] = (UNSENT, DEFERRED)
    assert outcome.fate in expected.get(step, (UNSENT,))


def test_who_says_goodbye_between_two_messages_costs_none(offer: str) -> None:
    """A 421 that nobody asked for, and the line is closed: as a server that is stopped does."""

    class Leaving(Server):
        async def _answer(self, writer: asyncio.StreamWriter, at: str) -> bool:
            going_on = await super()._answer(writer, at)
            if at == "body":
                writer.write(b"421 4.3.2 going down\r\n")
                return False
            return going_on

    bad = Leaving("", "", offer)
    outcomes = _sent(bad)
    assert {outcome.fate for outcome in outcomes} <= {SENT, UNSENT}
    assert len(bad.kept) == [outcome.fate for outcome in outcomes].count(SENT) >= 2


def test_a_reset_takes_no_time_of_its_own(offer: str) -> None:
    """Refused late, and then silent: both are within the one time-out that the lease has room for."""

    class Slow(Server):
        async def _answer(self, writer: asyncio.StreamWriter, at: str) -> bool:
            if at == "RCPT":
                await asyncio.sleep(0.4)
            return await super()._answer(writer, at)

    bad = Slow("RCPT", "550 no", offer)
    bad.bad["RSET"] = None
    (outcome,) = _sent(bad, 1)
    assert outcome.fate is FAILED


def test_a_yes_from_before_the_body_does_not_count_for_it(offer: str) -> None:
    bad = Chatter("DATA", b"250 ok\r\n", offer)
    bad.bad = {"body": "554 5.7.1 refused"}
    (outcome,) = _sent(bad, 1)
    assert outcome.fate is DEFERRED
    assert bad.kept == []
