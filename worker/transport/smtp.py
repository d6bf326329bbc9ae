"""SMTP to a relay over kept connections (RFC 5321)."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from urllib.parse import urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponse, SMTPResponseException, SMTPServerDisconnected

from mailer import log
from mailer.config import Settings
from mailer.errors import MailerError
from worker.transport import Fate, Outcome, Parcel

_SMTP_PORT = 25
_GO_AHEAD = 354
_CLOSING = 421
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_LONGEST_REPLY = 500
_SHORTEST_NAME = 3


class _Step(IntEnum):
    """How far a message had come when it was answered, or when the line went dead."""

    GREETING = 0
    """Connection, EHLO, MAIL: what is refused here is refused to us."""
    RECIPIENT = 1
    """RCPT and DATA: what is refused here is refused for this recipient."""
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
        try:
            async with asyncio.timeout(self.timeout):
                reply = await self._transact(parcel, leaving)
        except MailerError:
            # The server waits for a body that does not come.
            self._client.close()
            raise
        except SMTPResponseException as error:
            reply = SMTPResponse(error.code, error.message)
        except (SMTPException, OSError, ValueError, RuntimeError) as error:
            self._client.close()
            return self._broken(str(error) or "no answer in time", parcel)
        outcome = self._judged(reply, parcel)
        if outcome.code == _CLOSING:
            self._client.close()
        elif outcome.fate is not Fate.SENT:
            await self._reset()
        return outcome

    async def _transact(self, parcel: Parcel, leaving: Callable[[], None]) -> SMTPResponse:
        """Send one message; the last reply, which is a refusal where it came early."""
        if not self._client.is_connected:
            await self._client.connect()
        await self._client.mail(parcel.sender)
        self._step = _Step.RECIPIENT
        await self._client.rcpt(parcel.recipient)
        reply = await self._client.execute_command(b"DATA")
        if reply.code != _GO_AHEAD:
            return reply
        protocol = self._client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("the server closed the connection")
        leaving()
        self._step = _Step.BODY
        protocol.write(parcel.content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return await protocol.read_response(self.timeout)

    def _judged(self, reply: SMTPResponse, parcel: Parcel) -> Outcome:
        """What a reply means at the step it came at (RFC 5321 §4.2.1)."""
        text = _clean(reply.message, parcel)
        enhanced = _ENHANCED.match(text)
        after_body = self._step is _Step.BODY
        kind = reply.code // 100
        if self._step is _Step.GREETING:
            fate = Fate.UNSENT
        elif kind == 2 and after_body:  # noqa: PLR2004 — the first digits of RFC 5321
            fate = Fate.SENT
        else:
            fate = {4: Fate.DEFERRED, 5: Fate.FAILED}.get(kind, Fate.UNCERTAIN if after_body else Fate.DEFERRED)
        return Outcome(fate, reply.code, enhanced[1] if enhanced else None, text, after_body)

    def _broken(self, why: str, parcel: Parcel) -> Outcome:
        """What a dead line means. At one recipient's name it may be the name: that one waits, the others go on."""
        fates = {_Step.GREETING: Fate.UNSENT, _Step.RECIPIENT: Fate.DEFERRED, _Step.BODY: Fate.UNCERTAIN}
        return Outcome(fates[self._step], reply=_clean(why, parcel), after_body=self._step is _Step.BODY)

    async def close(self) -> None:
        with suppress(SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                if self._client.is_connected:
                    await self._client.quit()
        self._client.close()

    async def _reset(self) -> None:
        """Clear the transaction, so that the connection can go on; drop it where that fails."""
        try:
            async with asyncio.timeout(self.timeout):
                await self._client.rset()
        except (SMTPException, OSError, ValueError, RuntimeError):
            self._client.close()


def _clean(text: str, parcel: Parcel) -> str:
    """What may be stored of a reply: no address, nothing of this recipient's, one line, not endless."""
    # A server may answer in any charset: what is not UTF-8 or not printable is of no use to anybody.
    readable = text[:_LONGEST_REPLY].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    line = " ".join("".join(c if c.isprintable() else " " for c in readable).split())
    name = parcel.recipient.rpartition("@")[0]
    for secret in (parcel.recipient, name):
        if len(secret) >= _SHORTEST_NAME:
            line = re.sub(re.escape(secret), "<address>", line, flags=re.IGNORECASE)
    return log.scrub(line)
