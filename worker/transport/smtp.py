"""SMTP to a relay over kept connections (RFC 5321)."""

import re
from contextlib import suppress
from urllib.parse import urlsplit

import aiosmtplib
from aiosmtplib import SMTPConnectError, SMTPException, SMTPResponseException

from mailer import log
from mailer.config import Settings
from worker.transport import Fate, Outcome, Parcel

_SMTP_PORT = 25
_PERMANENT = 5
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_LONGEST_REPLY = 500


class SmtpRelay:
    """See ``Transport``."""

    def __init__(self, settings: Settings) -> None:
        relay = urlsplit(settings.relay_url)
        self._host, self._port = relay.hostname or "", relay.port or _SMTP_PORT
        self._timeout = settings.smtp_timeout

    def connect(self) -> "SmtpConnection":
        return SmtpConnection(
            aiosmtplib.SMTP(hostname=self._host, port=self._port, timeout=self._timeout, start_tls=False)
        )


class SmtpConnection:
    """See ``Connection``."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client

    async def send(self, parcel: Parcel) -> Outcome:
        after_body = False
        try:
            if not self._client.is_connected:
                await self._client.connect()
            await self._client.mail(parcel.sender)
            await self._client.rcpt(parcel.recipient)
            # From here on a silence is doubt: the whole body goes out in this call.
            after_body = True
            reply = await self._client.data(parcel.content)
        except SMTPConnectError as error:
            await self._drop()
            return Outcome(Fate.UNSENT, reply=_clean(str(error)))
        except SMTPResponseException as error:
            outcome = _refused(error, after_body=after_body)
            await self._reset()
            return outcome
        except (SMTPException, OSError, ValueError) as error:
            await self._drop()
            return Outcome(
                Fate.UNCERTAIN if after_body else Fate.UNSENT, reply=_clean(str(error)), after_body=after_body
            )
        return Outcome(Fate.SENT, reply.code)

    async def close(self) -> None:
        if self._client.is_connected:
            with suppress(SMTPException, OSError):
                await self._client.quit()

    async def _reset(self) -> None:
        """Clear the transaction, so that the connection can go on; drop it where that fails."""
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            await self._drop()

    async def _drop(self) -> None:
        self._client.close()


def _refused(error: SMTPResponseException, *, after_body: bool) -> Outcome:
    """A definite answer: 4yz may pass later, 5yz will not (RFC 5321 §4.2.1)."""
    text = _clean(error.message)
    enhanced = _ENHANCED.match(text)
    fate = Fate.FAILED if error.code // 100 == _PERMANENT else Fate.DEFERRED
    # After 421 or rubbish the server has gone or will: nothing more can be read from it.
    return Outcome(fate, error.code, enhanced[1] if enhanced else None, text, after_body)


def _clean(text: str) -> str:
    """What may be stored of a reply: no address, one line, not endless."""
    return log.scrub(" ".join(text.split()))[:_LONGEST_REPLY]
