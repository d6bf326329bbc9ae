"""A transaction: one message said on one session, and what was answered (RFC 5321 §3.3)."""

from collections.abc import Callable, Sequence

from worker.transport import Outcome, Parcel
from worker.transport.reply import GO_AHEAD, Reply
from worker.transport.session import Session
from worker.transport.verdict import Step, broken, judged

_DATA, _END = b"DATA\r\n", b".\r\n"
_STEPS = (Step.GREETING, Step.RECIPIENT, Step.RECIPIENT)


class Transaction:
    """``envelope``: its MAIL and RCPT. Whether and how the line goes on is its connection's affair."""

    def __init__(self, session: Session, parcel: Parcel, envelope: tuple[bytes, bytes]) -> None:
        self.parcel = parcel
        self.in_step = True
        """Whether both sides still mean the same: only then may another message follow."""
        self.over = False
        """Whether the server has forgotten it, and waits for the next."""
        self.unanswered = False
        """Whether several commands have gone out together, and none has been answered."""
        self._session = session
        self._wire = session.wire
        self._commands = (*envelope, _DATA)
        self._step = Step.GREETING
        self._refusal: Outcome | None = None
        self._tells = True

    @property
    def opening(self) -> bytes:
        """All that may be said at once before the body (RFC 2920 §3.1)."""
        return b"".join(self._commands)

    async def propose(self) -> Outcome | None:
        """Say the envelope; its refusal, or ``None`` where the server waits for the body."""
        if self._session.offer.pipelining:
            self._wire.write(self.opening)
            return await self.answered()
        for step, command in zip(_STEPS, self._commands, strict=True):
            self._step = step
            self._wire.write(command)
            if self._weigh(await self._wire.reply(), step, waits=command is _DATA):
                break
        return self._refusal

    async def answered(self) -> Outcome | None:
        """What is answered to an ``opening`` that is out; else as ``propose``."""
        # The name has been said: a silence may be about it.
        self._step, self.unanswered = Step.RECIPIENT, True
        for step, command in zip(_STEPS, self._commands, strict=True):
            reply = await self._wire.reply()
            self.unanswered = False
            self._weigh(reply, step, waits=command is _DATA)
            if not self.in_step:
                return self._refusal
        if self._refusal and reply.code == GO_AHEAD:
            # It wants a body for nobody, and gets an empty one (RFC 2920 §3.1).
            self._wire.write(_END)
            await self._wire.reply()
        return self._refusal

    def _weigh(self, reply: Reply, step: Step, *, waits: bool) -> Outcome | None:
        """Note what a step was answered; the first refusal counts. ``waits``: the server should wait for the body."""
        agrees = reply.code == GO_AHEAD if waits else reply.agrees
        self._tells &= waits or reply.names
        if not agrees:
            self.in_step &= reply.refuses and not reply.parts
            self._refusal = self._refusal or judged(reply, step, self.parcel.recipient)
        return self._refusal

    async def hand_over(self, leaving: Callable[[], None], behind: Callable[[], bytes]) -> Outcome:
        """Send the body that the server waits for; ``behind`` tells what rides behind it in the same write."""
        self._wire.demand_silence()
        # First: what follows is made by then, and nothing that takes time lies between the intent and the body.
        rider = behind()
        leaving()
        self._step = Step.BODY
        self._wire.write(*_stuffed(self.parcel), _END, rider)
        reply = await self._wire.reply()
        self.over = True
        self._session.tells |= self._tells and reply.takes
        return self._concluded(reply, len(rider))

    async def hand_over_at_once(self, leaving: Callable[[], None]) -> Outcome:
        """Send envelope and body in one write (RFC 3030): what is silent from here on is doubt."""
        mail, rcpt, _ = self._commands
        self._wire.demand_silence()
        leaving()
        self._step = Step.BODY
        self._wire.write(mail, rcpt, b"BDAT %d LAST\r\n" % self.parcel.size, *self.parcel.pieces)
        for step in (Step.GREETING, Step.RECIPIENT):
            reply = await self._wire.reply()
            if not reply.agrees and not reply.refuses:
                return self._concluded(reply)
            self._weigh(reply, step, waits=False)
        reply = await self._wire.reply()
        self.over = reply.agrees
        self.in_step &= not self._wire.unread
        return self._concluded(reply, told=True)

    def _concluded(self, reply: Reply, rider: int = 0, *, told: bool = False) -> Outcome:
        """What the answer to a body means.

        ``rider``: octets that were written behind it; ``told``: other answers were awaited with it. A yes
        to what has not left yet, to what goes to nobody, or perhaps to a name, was said to something else.
        """
        torn = self._wire.unsent > rider
        fits = reply.refuses or (reply.agrees and self._refusal is None and (reply.takes or not (told or rider)))
        self.in_step = self.in_step and fits and not torn and not reply.parts
        if reply.agrees and not self.in_step:
            return broken("the server said yes, and it is not known to what", self._step, self.parcel.recipient)
        if reply.refuses and self._refusal is not None:
            return self._refusal
        return judged(reply, self._step, self.parcel.recipient)

    def broken(self, why: str) -> Outcome:
        """What it means that the line went dead; what was refused before stays refused."""
        return self._refusal or broken(why, self._step, self.parcel.recipient)


def _stuffed(parcel: Parcel) -> Sequence[bytes]:
    """The content with the dots that begin its lines doubled (RFC 5321 §4.5.2)."""
    if parcel.dotless:
        return parcel.pieces
    stuffed = parcel.content.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"", stuffed)
