"""A mail server that keeps to the protocol, unless told otherwise, and keeps a record of its own."""

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

NAME, SECRET = "ada", "correct horse battery"
"""Who may sign in, where that is offered."""
_NAME, _SECRET, _BOTH = (b64encode(told.encode()).decode() for told in (NAME, SECRET, f"\0{NAME}\0{SECRET}"))
_WELCOME = "235 2.7.0 welcome"
_SIGNING_IN = {f"PLAIN {_BOTH}": _WELCOME, "LOGIN": "334 VXNlcm5hbWU6"}

Answer = Callable[[str, str], str | None]
"""What it says to a command (``body`` for a body) and its argument: ``None`` for what is right, "" to hang up."""
Speak = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]
"""How a reply leaves; ConnectionError to hang up."""


@dataclass(slots=True)
class Letter:
    """A body, for whom it came, and the replies from when it was waited for. ``counted``: it came by BDAT."""

    recipient: str
    counted: bool = False
    body: bytes = b""
    encrypted: bool = False
    whole: bool = False
    said: bytearray = field(default_factory=bytearray)
    uttered: bytearray = field(default_factory=bytearray)
    """What was really said, noted by whoever says something else."""


async def speak(writer: asyncio.StreamWriter, reply: bytes) -> None:
    """As it is."""
    writer.write(reply)
    await writer.drain()


class Host:
    """Listens inside ``async with``. ``heard``: what each read gave, and so what each write of its client was.

    ``overheard``: what of that came in the clear. ``hears``: octets after which its first session ends. ``address`` and
    ``port``: where it listens. ``tls``: what it shows who wants to encrypt; ``wrapped``: from the first octet on.
    """

    def __init__(
        self,
        *offers: str,
        answer: Answer = lambda *_: None,
        speak: Speak = speak,
        hears: int = 1 << 30,
        address: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        wrapped: bool = False,
    ) -> None:
        self.letters: list[Letter] = []
        self.heard: list[bytes] = []
        self.overheard: list[bytes] = []
        self.waiting: dict[asyncio.StreamWriter, Letter | None] = {}
        self.sessions = 0
        self.address = address
        self.port = port
        self.tls = tls
        self.wrapped = wrapped
        self._offers = (*offers, "STARTTLS") if tls and not wrapped else offers
        self._answer = answer
        self._speak = speak
        self._hears = hears
        self._talks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, self.address, self.port, ssl=self.tls if self.wrapped else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    @property
    def talking(self) -> bool:
        """Whether somebody is connected."""
        return any(not talk.done() for talk in self._talks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        talk = _Talk(self, reader, writer, self._hears if self.sessions == 1 else 1 << 30)
        self._talks.append(asyncio.create_task(talk.run()))

    @property
    def signs_in(self) -> bool:
        """Whether it takes mail from those alone who have signed in."""
        return any(offer.startswith("AUTH ") for offer in self._offers)

    def said(self, verb: str, argument: str, *, known: bool, opened: bool, agreed: bool) -> str:
        """What is answered to who may send (``known``), has named a sender (``opened``) and a reader (``agreed``)."""
        told = self._answer(verb, argument)
        right = {
            "connect": "220 mx.example",
            "EHLO": "\n".join(["mx.example", *self._offers]),
            "MAIL": "530 5.7.0 who?" if not known else "503 one at a time" if opened else "250 2.1.0 ok",
            "RCPT": "250 2.1.5 ok",
            "DATA": "354 go" if agreed else "503 for nobody",
            "BDAT": "250 2.0.0 kept" if agreed else "503 for nobody",
            "body": "250 2.0.0 kept" if agreed else "554 for nobody",
            "HELO": "250 mx.example",
            "RSET": "250 ok",
            "STARTTLS": "220 go" if self.tls else "500 what is that?",
            "AUTH": _SIGNING_IN.get(argument, "535 5.7.8 who?"),
            # By LOGIN each comes by itself.
            _NAME: "334 UGFzc3dvcmQ6",
            _SECRET: _WELCOME,
            "QUIT": "221 bye",
        }
        if verb == "EHLO" and told is None:
            lines = right["EHLO"].split("\n")
            return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])
        return right.get(verb, "500 what is that?") if told is None else told

    async def utter(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        await self._speak(writer, reply)


class _Talk:
    def __init__(self, host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hears: int) -> None:
        self._host, self._reader, self._writer, self._hears = host, reader, writer, hears
        self._buffer = b""
        self._open, self._recipient, self._agreed = False, "", False
        self._letter: Letter | None = None
        self._encrypted = host.wrapped
        self._known = not host.signs_in

    async def run(self) -> None:
        try:
            await self._say("connect", "")
            while True:
                await self._obey(await self._until(b"\r\n"))
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            self._writer.close()

    async def _obey(self, line: bytes) -> None:
        verb, _, argument = line.decode("latin-1").partition(" ")
        self._wait_for(None)
        if verb == "RSET":
            self._open = self._agreed = False
        if verb == "RCPT":
            self._recipient = re.sub(r"^TO:<|>.*$", "", argument)
        if verb == "BDAT":
            await self._take_counted(int(argument.split()[0]))
        code = await self._say(verb, argument)
        self._known |= code == "235"
        if verb == "MAIL":
            self._open |= code.startswith("2")
        if verb == "BDAT" and code.startswith("2"):
            self._open = self._agreed = False
        if verb == "RCPT":
            self._agreed = self._open and code.startswith("2")
        if verb == "DATA" and code == "354":
            await self._take()
        if verb == "STARTTLS" and code == "220" and self._host.tls:
            await self._writer.start_tls(self._host.tls)
            self._encrypted = True
        if verb == "QUIT":
            raise ConnectionResetError

    async def _take(self) -> None:
        letter = Letter(self._recipient, encrypted=self._encrypted)
        self._host.letters.append(letter)
        self._wait_for(letter)
        while not letter.whole:
            letter.whole = await self._until(b"\r\n", letter) == b"."
        await self._say("body", "")
        self._open = self._agreed = False

    async def _take_counted(self, octets: int) -> None:
        letter = Letter(self._recipient, counted=True, encrypted=self._encrypted)
        if self._agreed:
            self._host.letters.append(letter)
        letter.body = await self._octets(octets)
        letter.whole = True
        self._wait_for(letter)

    def _wait_for(self, letter: Letter | None) -> None:
        self._letter = self._host.waiting[self._writer] = letter

    async def _say(self, verb: str, argument: str) -> str:
        said = self._host.said(verb, argument, known=self._known, opened=self._open, agreed=self._agreed)
        if not said:
            raise ConnectionResetError
        reply = said.encode("utf-8", "surrogateescape") + b"\r\n"
        if self._letter:
            self._letter.said += reply
        await self._host.utter(self._writer, reply)
        return said[:3]

    async def _until(self, end: bytes, letter: Letter | None = None) -> bytes:
        """A line without its end; of a ``letter`` what has come of it is noted at once."""
        while end not in self._buffer:
            if letter and self._buffer and not letter.body:
                letter.body = self._buffer
            await self._more()
        line, _, self._buffer = self._buffer.partition(end)
        if letter and line != b".":
            letter.body += line + end
        return line

    async def _octets(self, number: int) -> bytes:
        while len(self._buffer) < number:
            await self._more()
        taken, self._buffer = self._buffer[:number], self._buffer[number:]
        return taken

    async def _more(self) -> None:
        more = await self._reader.read(1 << 16) if self._hears else b""
        if not more:
            raise ConnectionResetError
        self._host.heard.append(more)
        if not self._encrypted:
            self._host.overheard.append(more)
        self._buffer += more[: self._hears]
        self._hears -= min(self._hears, len(more))


def secret(host: Host) -> bool:
    """Whether nobody on the way could hear who signed in, nor who gets what, nor any of it."""
    told = (b"AUTH ", _SECRET.encode(), b"MAIL FROM:", b"RCPT TO:", b"DATA\r\n", b"BDAT ", b"Subject:")
    overheard = b"".join(host.overheard)
    return all(letter.encrypted for letter in host.letters) and not any(each in overheard for each in told)
