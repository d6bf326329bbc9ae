"""The wire to one server: octets out, replies in, encrypted from some moment on."""

import asyncio
import math
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Self, cast

from worker.transport.reply import Replies, Reply, ReplyError

_TLS_MORE = 1024
"""Octets that encryption may add to what is last written."""


class Wire(asyncio.Protocol):
    """One connection; made by ``open``.

    Raises ConnectionError where the other end has hung up, ReplyError for what is no reply and for
    what nobody asked for.
    """

    def __init__(self, *, deaf: bool = False) -> None:
        """``deaf``: nothing is heard before it is encrypted, which anybody may have said."""
        self._deaf = deaf
        self._line: asyncio.Transport | None = None
        self._below: asyncio.Transport | None = None
        """What carries the encrypted octets, where the line is encrypted."""
        self._replies = Replies()
        self._end: OSError | None = None
        self._awaited: asyncio.Future[None] | None = None
        self._until = math.inf
        self._alarm: asyncio.TimerHandle | None = None
        self.veil: Callable[[Reply], Reply] | None = None
        """What takes out of all that is no yes what is nobody's business, such as a password that a server repeats."""

    @classmethod
    async def open(cls, address: str, port: int, tls: ssl.SSLContext | None, host: str) -> Self:
        """Connect, encrypted from the first octet where there is a context, with who proves to be ``host``."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: cls(deaf=tls is not None), address, port)
        if tls:
            await wire.start_tls(tls, host)
        return wire

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Encrypt from here on. What was said before it begins is refused: anybody may have said it (CVE-2011-0411).

        Raises SSLError where that does not come about, hanging up included.
        """
        self.demand_silence()
        self._below = self._open_line()
        loop = asyncio.get_running_loop()
        try:
            self._line = await loop.start_tls(self._below, self, context, server_hostname=host)
        except ConnectionError:
            raise ssl.SSLError(0, "the server hung up when TLS was to begin") from None

    @property
    def encrypted(self) -> bool:
        return self._open_line().get_extra_info("ssl_object") is not None

    @property
    def local(self) -> bool:
        """Whether the other end is on this machine."""
        return ip_address(self._address("peername")).is_loopback

    @property
    def own_address(self) -> str:
        """The IP address of our end."""
        return self._address("sockname")

    def _address(self, end: str) -> str:
        address: str = self._open_line().get_extra_info(end)[0]
        return address.partition("%")[0]

    @property
    def unread(self) -> bool:
        """Whether something lies there, a whole reply or part of one."""
        return bool(self._replies.whole) or self._replies.torn

    @property
    def silent(self) -> bool:
        """Whether it is open and nothing lies unread."""
        return self._end is None and not self.unread

    @property
    def over(self) -> bool:
        """Whether it has ended, and nothing that was said before lies unread."""
        return self._end is not None and not self._replies.whole

    @property
    def unsent(self) -> int:
        """How many of the octets that were written are still on this side, at least."""
        waiting = self._open_line().get_write_buffer_size()
        # What TLS has taken over may lie below it still.
        return waiting + max(0, self._below.get_write_buffer_size() - _TLS_MORE) if self._below else waiting

    def demand_silence(self) -> None:
        """Raise where something lies unread that nobody asked for.

        Its next word would be taken for another's answer: a body might then go to somebody else's
        recipient, or count as taken by a reply to something else.
        """
        if self.unread:
            raise ReplyError("the server said more than it was asked")
        if self._end is not None:
            raise self._end

    def write(self, *octets: bytes) -> None:
        """Send in one go. All that was asked before must have been answered, and nothing else."""
        self.demand_silence()
        # Encryption would make a record of each piece; and asyncio's own loop never ends with one that is empty
        # (Python 3.12 and 3.13).
        self._open_line().writelines([b"".join(octets)] if self._below else [*filter(None, octets)])

    def wait_until(self, moment: float) -> None:
        """From now on TimeoutError is raised where a reply has not come by then, by the loop's clock.

        One alarm for all that is said on a line: one for each message costs as much as its journal. So a moment may
        be later than the one before, not earlier.
        """
        self._until = moment

    async def reply(self) -> Reply:
        """The next reply."""
        while not self._replies.whole:
            if self._end is not None:
                raise self._end
            self._awaited = asyncio.get_running_loop().create_future()
            if self._alarm is None:
                self._ring()
            await self._awaited
        reply = self._replies.whole.popleft()
        return self.veil(reply) if self.veil and not reply.agrees else reply

    async def ask(self, command: bytes) -> Reply:
        """Send one command, without its line end, and wait for its reply."""
        self.write(command, b"\r\n")
        return await self.reply()

    def drop(self) -> None:
        """Cut it at once: what is left on this side does not leave any more."""
        for line in (self._line, self._below):
            if line is not None:
                line.abort()
        self._finish(ConnectionAbortedError("the connection was cut"))

    def _open_line(self) -> asyncio.Transport:
        assert self._line is not None
        return self._line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast(asyncio.Transport, transport)
        if self._deaf:
            self._line.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self._end is not None:
            return
        try:
            self._replies.feed(data)
        except ReplyError as error:
            self._finish(error)
            self._open_line().abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        lost = exc if isinstance(exc, OSError) else ConnectionResetError("the server closed the connection")
        self._finish(lost)

    def _finish(self, error: OSError) -> None:
        self._end = self._end or error
        if self._alarm is not None:
            self._alarm.cancel()
        self._wake()

    def _ring(self) -> None:
        """Wake who has waited long enough, or set the alarm for when that will be so."""
        self._alarm = None
        if self._awaited is None or self._awaited.done():
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._until:
            self._awaited.set_exception(TimeoutError())
        elif self._until < math.inf:
            self._alarm = loop.call_at(self._until, self._ring)

    def _wake(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)
