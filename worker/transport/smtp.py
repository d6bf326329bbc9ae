"""SMTP to a relay over kept connections (RFC 5321)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from urllib.parse import urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponse, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol

from mailer.audience.address import domain
from mailer.audience.provider import OTHER, known
from mailer.config import Settings
from mailer.errors import MailerError
from mailer.reply import SILENT, Row, classify
from mailer.reply.text import enhanced_code, readable, scrubbed
from worker.transport import Fate, Outcome, Parcel

_SMTP_PORT = 25
_GO_AHEAD = 354
_CLOSING = 421


class _Step(IntEnum):
    """How far a message had come when it was answered, or when the line went dead."""

    GREETING = 0
    """Connection, EHLO, MAIL: what is refused here is refused to us."""
    RECIPIENT = 1
    """RCPT and DATA: what is refused here is refused for this recipient, where its class says nothing else."""
    BODY = 2
    """The body is out: a silence from here on is doubt (RFC 1047)."""


class SmtpRelay:
    """See ``Transport``."""

    def __init__(self, settings: Settings) -> None:
        relay = urlsplit(settings.relay_url)
        self._host, self._port = relay.hostname or "", relay.port or _SMTP_PORT
        self._timeout = settings.smtp_timeout

    def connect(self) -> "SmtpConnection":
        client = aiosmtplib.SMTP(hostname=self._host, port=self._port, timeout=self._timeout, start_tls=False)
        return SmtpConnection(client, self._timeout)


class SmtpConnection:
    """See ``Connection``. ``timeout``: seconds for one whole message, connecting included."""

    def __init__(self, client: aiosmtplib.SMTP, timeout: float) -> None:
        self._client = client
        self.timeout = timeout
        self._step = _Step.GREETING

    async def send(self, parcel: Parcel, leaving: Callable[[], None]) -> Outcome:
        self._step = _Step.GREETING
        until = asyncio.get_running_loop().time() + self.timeout
        try:
            async with asyncio.timeout_at(until):
                reply = await self._transact(parcel, leaving)
        except MailerError:
            # The server waits for a body that does not come.
            self._drop()
            raise
        except SMTPResponseException as error:
            reply = SMTPResponse(error.code, error.message)
        except (SMTPException, OSError, ValueError, RuntimeError) as error:
            self._drop()
            return self._broken(str(error) or "no answer in time", parcel)
        outcome = self._judged(reply, parcel)
        if not self._understood(reply, outcome):
            self._drop()
        elif self._step is not _Step.BODY:
            await self._reset(until)
        return outcome

    async def _transact(self, parcel: Parcel, leaving: Callable[[], None]) -> SMTPResponse:
        """Send one message; the last reply, which is a refusal where it came early."""
        if not self._client.is_connected:
            await self._client.connect()
            self._demand_silence()
        await self._client.mail(parcel.sender)
        self._demand_silence()
        self._step = _Step.RECIPIENT
        await self._client.rcpt(parcel.recipient)
        self._demand_silence()
        reply = await self._client.execute_command(b"DATA")
        if reply.code != _GO_AHEAD:
            return reply
        protocol = self._demand_silence()
        leaving()
        self._step = _Step.BODY
        protocol.write(parcel.content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return await protocol.read_response(self.timeout)

    def _demand_silence(self) -> SMTPProtocol:
        """Raise where a server has said more than it was asked: its next word would be taken for another's answer.

        A body might then go to somebody else's recipient, or count as taken by a reply to something else.
        """
        protocol = self._client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("the server closed the connection")
        if protocol._buffer:  # noqa: SLF001 — aiosmtplib keeps it for whatever is read next, and says so nowhere
            raise SMTPException("the server answered more than it was asked")
        return protocol

    def _understood(self, reply: SMTPResponse, outcome: Outcome) -> bool:
        """Whether both sides still mean the same: only then may another message follow on this connection."""
        protocol, line = self._client.protocol, self._client.transport
        if protocol is None or not isinstance(line, asyncio.WriteTransport) or protocol._buffer:  # noqa: SLF001 — as above
            return False
        refused = reply.code // 100 in (4, 5) and reply.code != _CLOSING
        whole = line.get_write_buffer_size() == 0
        return whole and (refused or outcome.fate is Fate.SENT)

    def _judged(self, reply: SMTPResponse, parcel: Parcel) -> Outcome:
        """What a reply means at the step it came at (RFC 5321 §4.2.1), and by its class."""
        after_body = self._step is _Step.BODY
        line = readable(reply.message)
        enhanced, text = enhanced_code(line), scrubbed(line, parcel.recipient)
        if after_body and reply.code // 100 == 2:  # noqa: PLR2004 — the first digit of RFC 5321
            return Outcome(Fate.SENT, reply.code, enhanced, text, after_body)
        refusal = reply.code // 100 in (4, 5)
        kind = classify(reply.code, enhanced, line, known(domain(parcel.recipient)) or OTHER)
        if self._step is _Step.GREETING or kind.halts:
            fate = Fate.UNSENT
        elif after_body and not refusal:
            fate = Fate.UNCERTAIN
        else:
            fate = Fate.FAILED if kind.row is Row.ENDS else Fate.DEFERRED
        return Outcome(fate, reply.code if reply.code > 0 else None, enhanced, text, after_body, kind)

    def _broken(self, why: str, parcel: Parcel) -> Outcome:
        """What a dead line means. At one recipient's name it may be the name: that one waits, the others go on."""
        fates = {_Step.GREETING: Fate.UNSENT, _Step.RECIPIENT: Fate.DEFERRED, _Step.BODY: Fate.UNCERTAIN}
        text = scrubbed(readable(why), parcel.recipient)
        return Outcome(fates[self._step], reply=text, after_body=self._step is _Step.BODY, kind=SILENT)

    async def close(self) -> None:
        with suppress(SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                if self._client.is_connected:
                    await self._client.quit()
        self._client.close()

    async def _reset(self, until: float) -> None:
        """Clear the transaction in what is left of the time, so that the connection can go on; else drop it."""
        try:
            async with asyncio.timeout_at(until):
                await self._client.rset()
                self._demand_silence()
        except (SMTPException, OSError, ValueError, RuntimeError):
            self._drop()

    def _drop(self) -> None:
        """Cut the line at once: what is left of a body may not leave after we have said what became of it."""
        line = self._client.transport
        if isinstance(line, asyncio.WriteTransport):
            line.abort()
        self._client.close()
