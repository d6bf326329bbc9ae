"""The ways out: a transport hands one message to a server and says what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mailer.reply import Class


class Fate(StrEnum):
    """What became of one message."""

    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    """The body had left and no reply came: the server may have taken it or not (RFC 1047)."""
    UNSENT = "unsent"
    """Nobody has it, since a server or this machine would not; nothing is known against the recipient."""
    KEPT = "kept"
    """It was not begun: paused, stopped, withdrawn, its lease nearly over, or no room to write that it began."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fate with what was answered: code, enhanced code (RFC 3463), scrubbed text, body sent or not, its class."""

    fate: Fate
    code: int | None = None
    enhanced: str | None = None
    reply: str = ""
    after_body: bool = False
    kind: Class | None = None
    unreached: bool = False
    """No session came about: whatever it is, it says nothing of this message."""
    alone: bool = False
    """Said by a server that takes one domain's mail: it says nothing of any other's."""

    @property
    def slows(self) -> bool:
        """Whether this provider asks for less, in whatever words and at whatever step."""
        return self.kind is not None and self.kind.slows and not self.alone

    @property
    def turned_away(self) -> bool:
        """Whether a server was there and did not let us in."""
        return self.unreached and self.code is not None

    @property
    def halts(self) -> bool:
        """Whether we were refused, not the reader: it would be the same for every row of the campaign."""
        return self.kind is not None and self.kind.halts and not self.alone


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message ready to go. Addresses are canonical; the content has CRLF, at its end too, and is plain ASCII.

    ``pieces``: the content, cut anywhere; nearly all of it is everybody's, and to join it would copy that each time.
    ``dotless``: its maker answers for it that no line of the content begins with a dot. Looking for
    one takes longer than all the rest of handing a message over.
    """

    delivery_id: int
    sender: str
    recipient: str
    pieces: Sequence[bytes]
    dotless: bool = False

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def size(self) -> int:
        """In octets."""
        return sum(map(len, self.pieces))


def nothing() -> None:
    """No parcel is ready to follow."""


class Connection(Protocol):
    """One connection, kept from message to message.

    ``timeout``: seconds that handing over one message may take at most, connecting included.
    """

    @property
    def timeout(self) -> float: ...

    async def send(
        self, parcel: Parcel, leaving: Callable[[], None], following: Callable[[], Parcel | None] = nothing
    ) -> Outcome:
        """Hand over one message. Never raises for what a server does: every fate is an outcome.

        ``leaving`` is called just before the body's first octet; where it raises, none leaves and
        what it raised is passed on. ``following`` is then asked at most once for the parcel that is
        handed over next on this connection, if that may go at once: its envelope may ride behind
        this body. Where it may not go after all, the connection is to be closed instead.
        """

    async def close(self) -> None:
        """Say goodbye; where an envelope went ahead of a body that does not come, just hang up."""


class Transport(Protocol):
    """Makes connections."""

    def connect(self) -> Connection:
        """A connection, opened when it is first needed."""
