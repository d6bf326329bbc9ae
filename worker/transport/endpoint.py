"""An endpoint: a server that takes mail, how its line is kept secret, and how we sign in."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from mailer.model.route import Mechanism


class Security(StrEnum):
    """How a line is encrypted."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    """TLS with whoever can, whoever they are, else in the clear: all that a stranger's server allows (RFC 7435)."""
    STARTTLS = "starttls"
    """RFC 3207: begun in the clear, and nothing of a message said before it is encrypted."""
    TLS = "tls"
    """From the first octet on (RFC 8314)."""


_SCHEMES = {"smtp": (Security.NONE, 25), "smtp+starttls": (Security.STARTTLS, 587), "smtps": (Security.TLS, 465)}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages are handed over.

    ``username``: empty where nobody asks who we are. ``mechanism``: where none is named, PLAIN or LOGIN, as offered.
    ``ca_file``: certificates of authorities to trust instead of the system's. ``address``: where to connect, if that
    was looked up already; ``host`` stays the name that its certificate is held against. ``patience``: seconds in which
    a session must come about, where it is to be fewer than its message has.
    """

    host: str
    port: int
    security: Security = Security.NONE
    username: str = ""
    secret: str = field(default="", repr=False)
    mechanism: Mechanism | None = None
    ca_file: str = ""
    address: str = ""
    patience: float | None = None

    @classmethod
    def of(cls, url: str) -> Self:
        """What a checked ``MAILER_RELAY_URL`` names."""
        parts = urlsplit(url)
        security, port = _SCHEMES[parts.scheme]
        return cls(parts.hostname or "", parts.port or port, security)
