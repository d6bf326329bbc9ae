"""What an answer, or a silence, means for one message."""

from enum import IntEnum

from mailer.audience.address import domain
from mailer.audience.provider import OTHER, known
from mailer.reply import CLASSES, SILENT, Class, Row, classify
from mailer.reply.text import enhanced_code, readable, scrubbed
from worker.transport import Fate, Outcome
from worker.transport.reply import Reply


class Step(IntEnum):
    """How far a message had come when it was answered, or when the line went dead."""

    GREETING = 0
    """Connection, EHLO, MAIL: what is refused here for good is refused to us."""
    RECIPIENT = 1
    """RCPT and DATA: what is refused here is refused for this recipient, where its class says nothing else."""
    BODY = 2
    """The body is out: a silence from here on is doubt (RFC 1047)."""


def judged(reply: Reply, step: Step, recipient: str, kind: Class | None = None) -> Outcome:
    """What a reply means at the step it came at (RFC 5321 §4.2.1), and by its class; ``kind``, where that is known."""
    after_body = step is Step.BODY
    if after_body and reply.agrees:
        return Outcome(Fate.SENT, reply.code, after_body=True)
    line = readable(reply.text)
    enhanced, text = enhanced_code(line), scrubbed(line, recipient)
    kind = kind or classify(reply.code, enhanced, line, known(domain(recipient)) or OTHER)
    later = reply.refuses and kind.row is Row.AGAIN
    if kind.halts or (step is Step.GREETING and not later):
        fate = Fate.UNSENT
    elif after_body and not reply.refuses:
        fate = Fate.UNCERTAIN
    else:
        fate = Fate.FAILED if kind.row is Row.ENDS else Fate.DEFERRED
    # Who wants a login has no ear for any message before.
    unreached = step is Step.GREETING and kind is CLASSES["login"]
    return Outcome(fate, reply.code, enhanced, text, after_body, kind, unreached)


def broken(why: str, step: Step, recipient: str) -> Outcome:
    """What a dead line means. At one recipient's name it may be the name: that one waits, the others go on."""
    fates = {Step.GREETING: Fate.UNSENT, Step.RECIPIENT: Fate.DEFERRED, Step.BODY: Fate.UNCERTAIN}
    text = scrubbed(readable(why), recipient)
    return Outcome(fates[step], reply=text, after_body=step is Step.BODY, kind=SILENT)
