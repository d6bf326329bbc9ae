"""A session: a line on which both sides have said who they are, encrypted and signed in as its endpoint wants."""

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_address

from worker.transport import trust
from worker.transport.authentication import UnsafeError, sign_in
from worker.transport.endpoint import Endpoint, Security
from worker.transport.offer import Offer
from worker.transport.reply import Reply
from worker.transport.turned_away import TurnedAwayError
from worker.transport.wire import Wire

_READY = 220
_FULL_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
# Seconds there and back from which on it pays to send a body unasked, instead of waiting for the server to want it.
_FAR = 0.010


class ClearError(UnsafeError):
    """A line that has to be encrypted, at a server that does not offer it."""


@dataclass(slots=True)
class Session:
    """``round_trip``: seconds that EHLO took.

    ``tells``: by its enhanced codes this server's yes to a name has been told from its yes to a message. Both are
    250: without that a reply that gets lost could make the one count as the other, so nothing rides behind a body.
    """

    wire: Wire
    offer: Offer
    round_trip: float
    tells: bool = False

    @property
    def glued(self) -> bool:
        """Whether the next envelope may ride behind a body."""
        return self.offer.pipelining and self.tells

    @property
    def chunked(self) -> bool:
        """Whether a message goes in one write with its envelope (RFC 3030): where it may, and where it pays."""
        return self.glued and self.offer.chunking and self.round_trip >= _FAR


async def open_session(endpoint: Endpoint, *, pipelining: bool = True) -> Session:
    """Connect, greet, encrypt, sign in. ``pipelining``: whether to make use of that where it is offered.

    Raises TurnedAwayError where the server does not want us, MisconfiguredError where nobody's certificate
    could be trusted, and OSError or ValueError where nothing comes about.
    """
    async with asyncio.timeout(endpoint.patience):
        try:
            session = await _open(endpoint, endpoint.security)
        except ssl.SSLError:
            if endpoint.security is not Security.OPPORTUNISTIC:
                raise
            session = await _open(endpoint, Security.NONE)
    return session if pipelining else replace(session, offer=replace(session.offer, pipelining=False))


async def _open(endpoint: Endpoint, security: Security) -> Session:
    verified = security is not Security.OPPORTUNISTIC
    context = None if security is Security.NONE else trust.context(endpoint.ca_file, verified=verified)
    encrypted = context if security is Security.TLS else None
    wire = await Wire.open(endpoint.address or endpoint.host, endpoint.port, encrypted, endpoint.host)
    try:
        _demand(await wire.reply())
        offer, round_trip = await _greet(wire)
        if context and security is not Security.TLS and await _may_encrypt(wire, offer, security):
            await wire.start_tls(context, endpoint.host)
            # What was offered before may have been said by anybody (RFC 3207 §4.2).
            offer, round_trip = await _greet(wire)
        if endpoint.username:
            await sign_in(wire, offer, endpoint)
    except BaseException:
        wire.drop()
        raise
    return Session(wire, offer, round_trip)


async def _may_encrypt(wire: Wire, offer: Offer, security: Security) -> bool:
    """Whether TLS begins now; where it must and does not, that is raised."""
    if not offer.starttls:
        if security is Security.STARTTLS:
            raise ClearError("nothing was sent, since the server does not offer STARTTLS")
        return False
    reply = await wire.ask(b"STARTTLS")
    if security is Security.OPPORTUNISTIC and reply.refuses:
        return False
    _demand(reply)
    return True


async def _greet(wire: Wire) -> tuple[Offer, float]:
    """EHLO, or HELO for a server that does not know it; what is offered, and the seconds that it took."""
    loop = asyncio.get_running_loop()
    name, began = _own_name(wire), loop.time()
    reply = await wire.ask(b"EHLO " + name)
    round_trip = loop.time() - began
    if reply.refuses and reply.code // 100 == 5:  # noqa: PLR2004 — RFC 5321 §3.2
        reply = await wire.ask(b"HELO " + name)
    if not reply.agrees:
        raise TurnedAwayError(reply)
    return Offer.of(reply.text), round_trip


def _own_name(wire: Wire) -> bytes:
    """The full name of this machine, else its address (RFC 5321 §4.1.4)."""
    name = socket.gethostname()
    if _FULL_NAME.fullmatch(name):
        return name.encode()
    address = ip_address(wire.own_address)
    return f"[{'IPv6:' if isinstance(address, IPv6Address) else ''}{address}]".encode()


def _demand(reply: Reply) -> None:
    if reply.code != _READY:
        raise TurnedAwayError(reply)
