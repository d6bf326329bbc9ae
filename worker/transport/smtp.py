"""SMTP to one endpoint over kept connections (RFC 5321), with as few writes and waits as it allows (RFC 2920)."""

import asyncio
import math
import os
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from errno import errorcode

from mailer.errors import MisconfiguredError
from worker.transport import Outcome, Parcel, nothing
from worker.transport.endpoint import Endpoint
from worker.transport.envelope import envelope
from worker.transport.reply import ReplyError
from worker.transport.session import Session, open_session
from worker.transport.transaction import Transaction
from worker.transport.turned_away import TurnedAwayError
from worker.transport.unfit import unfit
from worker.transport.verdict import Step, broken, judged

_GOODBYE_SECONDS = 1.0
_OTHER_HOST = 62  # X509_V_ERR_HOSTNAME_MISMATCH (openssl/x509_vfy.h)


class Smtp:
    """See ``Transport``. ``timeout``: seconds for one whole message, connecting included."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._endpoint = endpoint
        self._timeout = timeout

    def connect(self) -> "SmtpConnection":
        return SmtpConnection(self._endpoint, self._timeout)


class SmtpConnection:
    """See ``Connection``."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self.timeout = timeout
        self._endpoint = endpoint
        self._session: Session | None = None
        self._transaction: Transaction | None = None
        self._until = 0.0
        self._ahead: Transaction | None = None
        """The one whose envelope has gone out behind the body before it."""

    async def send(
        self, parcel: Parcel, leaving: Callable[[], None], following: Callable[[], Parcel | None] = nothing
    ) -> Outcome:
        until = self._until = asyncio.get_running_loop().time() + self.timeout
        self._transaction = None
        try:
            if self._session is not None:
                self._session.wire.wait_until(until)
            outcome = await self._transact(parcel, leaving, following)
        except (OSError, ValueError) as error:
            outcome = self._broken(error, parcel)
            self._drop()
            return outcome
        except MisconfiguredError as error:
            return unfit(str(error))
        except TurnedAwayError as refused:
            return replace(judged(refused.reply, Step.GREETING, parcel.recipient, refused.kind), unreached=True)
        except BaseException:
            # The server may wait for a body that does not come.
            self._drop()
            raise
        await self._tidy(until)
        return outcome

    async def _transact(
        self, parcel: Parcel, leaving: Callable[[], None], following: Callable[[], Parcel | None]
    ) -> Outcome:
        """Hand one message over, or find out why not."""
        try:
            if ahead := self._went_ahead(parcel):
                return await ahead.answered() or await self._hand_over(ahead, leaving, following)
            return await self._begin(await self._open(), parcel, leaving, following)
        except (ConnectionError, ReplyError):
            if self._transaction is None or not self._transaction.unanswered:
                raise
        # Of several commands it is not known which it breaks at: it may be this name. One by one tells.
        self._drop()
        return await self._begin(await self._open(pipelining=False), parcel, leaving, following)

    def _went_ahead(self, parcel: Parcel) -> Transaction | None:
        """The transaction that this parcel's envelope has opened already, if that can still be answered."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or self._session is None:
            return None
        if ahead.parcel is not parcel or self._session.wire.over:
            # The server waits for another body, and gets none; or there is no server any more.
            self._drop()
            return None
        self._transaction = ahead
        return ahead

    async def _open(self, *, pipelining: bool = True) -> Session:
        if self._session is not None and not self._session.wire.silent:
            # It has hung up since, or says what nobody asked for.
            self._drop()
        if self._session is None:
            async with asyncio.timeout_at(self._until):
                self._session = await open_session(self._endpoint, pipelining=pipelining)
            self._session.wire.wait_until(self._until)
        return self._session

    async def _begin(
        self,
        session: Session,
        parcel: Parcel,
        leaving: Callable[[], None],
        following: Callable[[], Parcel | None],
    ) -> Outcome:
        """Say the envelope, and go on."""
        fit = envelope(parcel, session.offer)
        if isinstance(fit, Outcome):
            return fit
        transaction = self._transaction = Transaction(session, parcel, fit)
        if session.chunked:
            return await transaction.hand_over_at_once(leaving)
        return await transaction.propose() or await self._hand_over(transaction, leaving, following)

    async def _hand_over(
        self, transaction: Transaction, leaving: Callable[[], None], following: Callable[[], Parcel | None]
    ) -> Outcome:
        return await transaction.hand_over(leaving, lambda: self._open_ahead(following))

    def _open_ahead(self, following: Callable[[], Parcel | None]) -> bytes:
        """The envelope that rides behind a body, if one may."""
        session = self._session
        if session is None or not session.glued:
            return b""
        parcel = following()
        fit = parcel and envelope(parcel, session.offer)
        if parcel is None or not isinstance(fit, tuple):
            # Why it cannot be sent here is told when its turn comes.
            return b""
        self._ahead = Transaction(session, parcel, fit)
        return self._ahead.opening

    def _broken(self, error: Exception, parcel: Parcel) -> Outcome:
        why = _why(error)
        if self._transaction is None:
            return replace(broken(why, Step.GREETING, parcel.recipient), unreached=True)
        return self._transaction.broken(why)

    async def _tidy(self, until: float) -> None:
        """Have the server forget what was refused, in what is left of the time, so that the next can come; else cut."""
        transaction, session = self._transaction, self._session
        if transaction is None or session is None or (transaction.over and transaction.in_step):
            return
        with suppress(OSError):
            async with asyncio.timeout_at(until):
                if transaction.in_step and (await session.wire.ask(b"RSET")).agrees:
                    return
        self._drop()

    async def close(self) -> None:
        if self._session is not None and self._session.wire.silent and self._ahead is None:
            self._session.wire.wait_until(math.inf)
            with suppress(OSError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await self._session.wire.ask(b"QUIT")
        self._drop()

    def _drop(self) -> None:
        if self._session is not None:
            self._session.wire.drop()
        self._session = self._transaction = self._ahead = None


def _why(error: Exception) -> str:
    """What broke, without host or address: of a reader's own server they say who that is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = "it is another host's" if error.verify_code == _OTHER_HOST else error.verify_message
        return f"the server's certificate is not to be trusted: {reason}"
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        if error.errno is not None and error.errno in errorcode:
            return os.strerror(error.errno)
        if str(error).startswith("Multiple exceptions"):
            return "no address of the server can be connected to"
    words = error.args[-1] if isinstance(error, ssl.SSLError) and error.args else error
    return str(words) or "no answer in time"
