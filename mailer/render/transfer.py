"""Bodies for the wire: quoted-printable or base64, whichever is shorter (RFC 2045 §6).

Quoted-printable is cut at the holes: the fixed text is encoded once and kept, a reader's values
each time. A value stands between soft line breaks, so that no fixed line ever moves.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mailer.render.holes import Form

# With its soft break, and a first character written as three, a line stays within 76.
_WIDTH = 73
_SOFT = b"=\r\n"
_UNSAFE = re.compile(rb"[^\x20-\x3c\x3e-\x7e]")


@dataclass(frozen=True, slots=True)
class _Lines:
    """A form in quoted-printable: as ``Form``, each part ending where a line begins."""

    parts: tuple[bytes, ...]
    holes: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> bytes:
        pieces = [self.parts[0]]
        for hole, part in zip(self.holes, self.parts[1:], strict=True):
            pieces += [_ended(quoted(values[hole])), part]
        return b"".join(pieces)


def body(form: Form, values: Mapping[str, str]) -> tuple[str, bytes]:
    """(Content-Transfer-Encoding, octets) of a filled form.

    Lines end in CRLF and hold at most 76 octets. The last line end belongs to the boundary that
    follows, not to the text.
    """
    if lines := _compiled(form):
        return "quoted-printable", lines.fill(values) + b"\r\n"
    octets = base64.b64encode(_canonical(form.fill(values)))
    return "base64", b"".join(octets[start : start + 76] + b"\r\n" for start in range(0, len(octets), 76))


@lru_cache(maxsize=64)
def _compiled(form: Form) -> _Lines | None:
    """The form in quoted-printable, or None where base64 is shorter."""
    *inner, last = map(quoted, form.parts)
    lines = _Lines((*map(_ended, inner), last), form.holes)
    in_base64 = sum(len(part.encode()) for part in form.parts) * 78 // 57
    return lines if sum(map(len, lines.parts)) <= in_base64 else None


def quoted(text: str) -> bytes:
    """A text in quoted-printable, from the beginning of a line (RFC 2045 §6.7)."""
    return b"\r\n".join(_SOFT.join(_wrapped(line)) for line in _canonical(text).split(b"\r\n"))


def _wrapped(line: bytes) -> list[bytes]:
    """One line of text as lines of the wire."""
    rest = _UNSAFE.sub(lambda octet: b"=%02X" % ord(octet[0]), line)
    if rest.endswith(b" "):
        rest = rest[:-1] + b"=20"
    wrapped = []
    while len(rest) > _WIDTH:
        # Never inside an octet written as "=XX".
        escape = rest.find(b"=", _WIDTH - 2, _WIDTH)
        cut = _WIDTH if escape < 0 else escape
        wrapped.append(_guarded(rest[:cut]))
        rest = rest[cut:]
    return [*wrapped, _guarded(rest)]


def _guarded(line: bytes) -> bytes:
    """A line that no server takes for the end of the mail (RFC 5321 §4.5.2), nor for an mbox's next."""
    return b"=%02X" % line[0] + line[1:] if line.startswith((b".", b"From ")) else line


def _ended(octets: bytes) -> bytes:
    """What stands before or in a hole, brought to the beginning of a line."""
    return octets if octets.endswith(b"\r\n") or not octets else octets + _SOFT


def _canonical(text: str) -> bytes:
    """UTF-8 with CRLF at each line's end."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
