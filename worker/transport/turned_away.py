"""Turned away before any message: it is about us, and the same for all."""

from mailer.reply import Class
from worker.transport.reply import Reply


class TurnedAwayError(Exception):
    """A server does not let us in; ``kind``, where it is known otherwise than by the reply's words."""

    def __init__(self, reply: Reply, kind: Class | None = None) -> None:
        super().__init__(reply.code)
        self.reply = reply
        self.kind = kind
