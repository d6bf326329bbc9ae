"""The envelope of a message: MAIL and RCPT, with what a server offers for them."""

import re

import idna

from mailer.reply import CLASSES
from worker.transport import Fate, Outcome, Parcel
from worker.transport.offer import Offer

# What could end an argument or begin another (RFC 5321 §4.1.2).
_HOSTILE = re.compile(r"[\x00-\x20\x7f<>]")


def envelope(parcel: Parcel, offer: Offer) -> tuple[bytes, bytes] | Outcome:
    """MAIL and RCPT; or why this server cannot be given this message, which is known before it is asked."""
    weight = parcel.size
    if 0 < offer.size < weight:
        said = f"the message has {weight} octets, and the server takes {offer.size}"
        return Outcome(Fate.UNSENT, reply=said, kind=CLASSES["too-big"])
    plain = (parcel.sender.rpartition("@")[0] + parcel.recipient.rpartition("@")[0]).isascii()
    if not plain and not offer.smtputf8:
        said = "the server takes no address with a name beyond ASCII"
        return Outcome(Fate.DEFERRED, reply=said, kind=CLASSES["ascii-only"])
    try:
        sender, recipient = _path(parcel.sender), _path(parcel.recipient)
    except ValueError:
        return Outcome(Fate.FAILED, reply="an address is none")
    parameters = (f" SIZE={weight}" if offer.sized else "") + ("" if plain else " SMTPUTF8")
    return f"MAIL FROM:<{sender}>{parameters}\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode()


def _path(address: str) -> str:
    """An address, its domain as A-labels (RFC 5891), which every server understands; ValueError where it is none."""
    if _HOSTILE.search(address):
        raise ValueError("it holds a character that no address has")
    local, at, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
