"""Replies of an SMTP server (RFC 5321 §4.2): octets in as they come, whole replies out."""

import re
from collections import deque
from typing import NamedTuple

# Octets of one reply, all its lines together. A line has 512 at most by RFC 5321 §4.5.3.1.5; servers say more.
_LONGEST = 65_536
# Whole replies that may lie unread: more than are ever asked for in one write.
_MOST_UNREAD = 16
_CODES = {b"%d" % code: code for code in range(200, 600)}
# Success by RFC 3463: its middle number is 1 where an address is meant.
_TOLD = re.compile(rb"2\.([0-9]{1,3})\.[0-9]{1,3}(?![.0-9])")
_ADDRESS = b"1"
_MARKS = frozenset({b"", b" ", b"-"})
_CLOSING = 421
GO_AHEAD = 354


class ReplyError(OSError):
    """A server said what is no reply, or what nobody asked for."""


class Reply(NamedTuple):
    """A code, and the text of its lines."""

    code: int
    octets: bytes

    @property
    def text(self) -> str:
        """UTF-8; what is not is kept as surrogates (``mailer.reply.text.readable``)."""
        return self.octets.decode("utf-8", "surrogateescape")

    @property
    def agrees(self) -> bool:
        """Whether it says yes (2yz)."""
        return self.code // 100 == 2  # noqa: PLR2004 — the first digit of RFC 5321 §4.2.1

    @property
    def takes(self) -> bool:
        """Whether it says yes, and by its enhanced code to a message."""
        told = self._told()
        return told is not None and told != _ADDRESS

    @property
    def names(self) -> bool:
        """Whether it says yes, and by its enhanced code to an address."""
        return self._told() == _ADDRESS

    def _told(self) -> bytes | None:
        found = _TOLD.match(self.octets) if self.agrees else None
        return found and found[1]

    @property
    def refuses(self) -> bool:
        """Whether it says no (4yz, 5yz)."""
        return self.code // 100 in (4, 5)

    @property
    def parts(self) -> bool:
        """Whether its server hangs up with it, whatever it was asked."""
        return self.code == _CLOSING


class Replies:
    """Whole replies in ``whole``, in their order; what is torn waits for its rest."""

    def __init__(self) -> None:
        self.whole: deque[Reply] = deque()
        self._rest = b""
        self._code = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def torn(self) -> bool:
        """Whether part of a reply is there."""
        return bool(self._rest or self._lines)

    def feed(self, octets: bytes) -> None:
        """Take more octets. Raises ReplyError at what is no reply; those before it are whole."""
        *lines, self._rest = (self._rest + octets).split(b"\n")
        for line in lines:
            self._take(line.removesuffix(b"\r"))
        if len(self._rest) + self._size > _LONGEST or len(self.whole) > _MOST_UNREAD:
            raise ReplyError("the server does not come to an end")

    def _take(self, line: bytes) -> None:
        code, mark = line[:3], line[3:4]
        if code not in _CODES or mark not in _MARKS or (self._lines and code != self._code):
            raise ReplyError("the server said what is no reply")
        self._code = code
        self._lines.append(line[4:])
        self._size += len(line)
        if mark != b"-":
            self.whole.append(Reply(_CODES[code], b"\n".join(self._lines)))
            self._lines, self._size = [], 0
