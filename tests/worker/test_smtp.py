"""Every step at which a server can answer badly, fall silent or hang up, against a scripted server."""

import asyncio
from collections.abc import Callable

import pytest

from mailer.config import Settings
from worker.transport import Fate, Outcome, Parcel
from worker.transport.smtp import SmtpRelay

PARCEL = Parcel(1, "returns@news.example", "mei.chan@reader.example", b"Subject: x\r\n\r\n.dot\r\n")
STEPS = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "body")
FINE = {"connect": "220 hi", "EHLO": "250 hi", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", "body": "250 kept"}


class Server:
    """Answers as scripted at one step, rightly at all others. "" hangs up, None is silent."""

    def __init__(self, step: str, answer: str | None) -> None:
        self.bad = {step: answer}
        self.kept: list[bytes] = []
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
        finally:
            writer.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await self._answer(writer, "connect"):
            while line := await reader.readline():
                verb = line.split(b" ")[0].strip().decode().upper()
                if verb == "HELO":
                    verb = "EHLO"
                if not await self._answer(writer, verb):
                    break
                if verb == "DATA" and "DATA" not in self.bad:
                    body = await reader.readuntil(b"\r\n.\r\n")
                    self.kept.append(body)
                    if not await self._answer(writer, "body"):
                        break

    async def _answer(self, writer: asyncio.StreamWriter, step: str) -> bool:
        answer = self.bad.get(step, FINE.get(step, "250 ok"))
        if answer is None:
            await asyncio.sleep(5)
        if not answer:
            return False
        writer.write(answer.encode("latin-1", "replace") + b"\r\n")
        await writer.drain()
        return True


@pytest.fixture
def talk(chosen: Settings) -> Callable[[str, str | None], tuple[Outcome, Outcome]]:
    """The outcome at a server that misbehaves at one step, then on the same connection at one that does not."""

    async def run(step: str, answer: str | None) -> tuple[Outcome, Outcome]:
        bad = Server(step, answer)
        server = await asyncio.start_server(bad.accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = chosen.model_copy(update={"relay_url": f"smtp://127.0.0.1:{port}", "smtp_timeout": 0.5})
        connection = SmtpRelay(settings).connect()
        first = await connection.send(PARCEL, lambda: None)
        bad.bad.clear()
        second = await connection.send(PARCEL, lambda: None)
        await connection.close()
        server.close()
        await bad.end()
        assert bad.kept[-1].endswith(b"\r\n..dot\r\n.\r\n")
        return first, second

    return lambda step, answer: asyncio.run(run(step, answer))


UNSENT, DEFERRED, FAILED, UNCERTAIN, SENT = Fate.UNSENT, Fate.DEFERRED, Fate.FAILED, Fate.UNCERTAIN, Fate.SENT


@pytest.mark.parametrize(
    ("answer", "fates"),
    [
        ("421 4.3.2 going down", (UNSENT, UNSENT, UNSENT, DEFERRED, DEFERRED, DEFERRED)),
        ("451 4.7.1 later", (UNSENT, UNSENT, UNSENT, DEFERRED, DEFERRED, DEFERRED)),
        ("550 5.1.1 no such mailbox", (UNSENT, UNSENT, UNSENT, FAILED, FAILED, FAILED)),
        ("530 5.7.0 authenticate first", (UNSENT, UNSENT, UNSENT, FAILED, FAILED, FAILED)),
        ("", (UNSENT, UNSENT, UNSENT, DEFERRED, DEFERRED, UNCERTAIN)),
        (None, (UNSENT, UNSENT, UNSENT, DEFERRED, DEFERRED, UNCERTAIN)),
        ("rubbish", (UNSENT, UNSENT, UNSENT, DEFERRED, DEFERRED, UNCERTAIN)),
        ("251 will forward", (UNSENT, None, None, None, DEFERRED, SENT)),
        ("354 what?", (UNSENT, UNSENT, UNSENT, DEFERRED, None, UNCERTAIN)),
    ],
)
def test_each_answer_at_each_step_has_its_fate(
    talk: Callable[[str, str | None], tuple[Outcome, Outcome]], answer: str | None, fates: tuple[Fate | None, ...]
) -> None:
    for step, fate in zip(STEPS, fates, strict=True):
        if fate is not None:
            first, second = talk(step, answer)
            assert (step, first.fate) == (step, fate)
            assert first.after_body is (step == "body")
            assert (step, second.fate) == (step, Fate.SENT), "the connection does not recover"


def test_a_reply_keeps_its_code_and_loses_the_address(
    talk: Callable[[str, str | None], tuple[Outcome, Outcome]],
) -> None:
    outcome, _ = talk("RCPT", "550 5.1.1 <Mei.Chan@reader.example>: mei.chan unknown; see o'neill@other.example")
    assert (outcome.code, outcome.enhanced) == (550, "5.1.1")
    assert outcome.reply == "5.1.1 <<address>>: <address> unknown; see <address>"


def test_an_endless_reply_is_cut_and_costs_no_time(talk: Callable[[str, str | None], tuple[Outcome, Outcome]]) -> None:
    outcome, _ = talk("RCPT", "550 " + "x" * 60_000)
    assert outcome.fate is not Fate.SENT
    assert len(outcome.reply) <= 600


def test_nobody_there_is_unsent(chosen: Settings) -> None:
    async def run() -> Outcome:
        settings = chosen.model_copy(update={"relay_url": "smtp://127.0.0.1:1"})
        return await SmtpRelay(settings).connect().send(PARCEL, lambda: None)

    assert asyncio.run(run()).fate is Fate.UNSENT
