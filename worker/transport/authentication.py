"""Signing in at a server (RFC 4954)."""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence

from mailer.model.route import Mechanism
from mailer.reply import CLASSES
from worker.transport.endpoint import Endpoint, Security
from worker.transport.offer import Offer
from worker.transport.reply import Reply, ReplyError
from worker.transport.turned_away import TurnedAwayError
from worker.transport.wire import Wire

_CONTINUE = 334
# Octets of a command with its line end (RFC 5321 §4.5.3.1.4): what is longer is not said with AUTH, but after it.
_LONGEST = 512
_WORD = re.compile(rb"\S{6,}")
_BY_ITSELF = (Mechanism.PLAIN, Mechanism.LOGIN)


class UnsafeError(OSError):
    """A line on which what we have to say is not safe."""


class MechanismError(UnsafeError):
    """None of the ways to sign in that we may use is offered."""

    def __init__(self, wanted: Sequence[Mechanism], offered: Iterable[str]) -> None:
        super().__init__(f"the server does not offer to sign in by {' or '.join(wanted)}")
        self.offered = sorted(offered)


async def sign_in(wire: Wire, offer: Offer, endpoint: Endpoint) -> None:
    """Tell who we are, which the wire never repeats.

    Raises TurnedAwayError where we are not believed, UnsafeError before anything is overheard.
    """
    known = wire.encrypted and endpoint.security is not Security.OPPORTUNISTIC
    if not (known or wire.local):
        raise UnsafeError("nobody was told the password, since TLS does not show whose server it is")
    mechanism = _mechanism(offer, endpoint)
    wire.veil = lambda reply: _without_secrets(reply, endpoint)
    answers = [b64encode(answer) for answer in _answers(mechanism, endpoint)]
    command = b"AUTH " + mechanism.encode()
    # LOGIN is not made for a first answer beside its name.
    if mechanism is not Mechanism.LOGIN and len(command) + 3 + len(answers[0]) <= _LONGEST:
        command += b" " + answers.pop(0)
    reply = await wire.ask(command)
    # XOAUTH2 tells in one more challenge what was wrong, and says no when that was answered.
    for answer in (*answers, b""):
        if reply.code != _CONTINUE:
            break
        reply = await wire.ask(answer)
    if reply.refuses:
        # Whatever it says for good: it is who we are that it does not take.
        raise TurnedAwayError(reply, CLASSES["login"] if reply.code // 100 == 5 else None)  # noqa: PLR2004 — RFC 5321 §4.2.1
    if not reply.agrees:
        raise ReplyError("the server does not come to an end with signing in")


def _mechanism(offer: Offer, endpoint: Endpoint) -> Mechanism:
    wanted = [endpoint.mechanism] if endpoint.mechanism else _BY_ITSELF
    for mechanism in wanted:
        if mechanism in offer.mechanisms:
            return mechanism
    raise MechanismError(wanted, offer.mechanisms)


def _answers(mechanism: Mechanism, endpoint: Endpoint) -> list[bytes]:
    name, secret = endpoint.username.encode(), endpoint.secret.encode()
    if mechanism is Mechanism.PLAIN:
        return [b"\0%b\0%b" % (name, secret)]
    if mechanism is Mechanism.LOGIN:
        return [name, secret]
    return [b"user=%b\1auth=Bearer %b\1\1" % (name, secret)]


def _without_secrets(reply: Reply, endpoint: Endpoint) -> Reply:
    """A refusal for the log. What we said is not in it, even where the server repeats it."""
    said = [endpoint.secret.encode(), *(b64encode(answer) for way in Mechanism for answer in _answers(way, endpoint))]
    # Our name where it stands by itself: it may be as short as a syllable.
    patterns = [*map(re.escape, filter(None, said)), rb"(?<!\w)%b(?!\w)" % re.escape(endpoint.username.encode())]
    octets = re.sub(b"|".join(patterns), b"***", reply.octets, flags=re.IGNORECASE)
    low = b"\n".join(said).lower()
    # Nor a piece of it, such as what was cut over two lines.
    return reply._replace(
        octets=_WORD.sub(lambda word: b"***" if word[0].strip(b"=").lower() in low else word[0], octets)
    )
