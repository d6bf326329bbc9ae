"""Bodies for the wire: quoted-printable or base64, whichever is shorter (RFC 2045 §6).

A form is compiled once: its fixed text is encoded and kept. Only a reader's values are encoded
per mail, and no fixed line ever moves for them.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from mailer.render.holes import Form

# With its soft break, and a first character written as three, a line stays within 76.
_WIDTH = 73
_SOFT = b"=\r\n"
_LINE = 76
# Never cut inside an octet written as "=XX".
_PIECES = re.compile(rb".{1,%d}(?<!=)(?<!=.)" % _WIDTH)
# What a server could take for the end of the mail (RFC 5321 §4.5.2), or an mbox for its next.
_MISREAD = re.compile(rb"^(?:\.|From )", re.MULTILINE)
_UNSAFE = re.compile(rb"[^\x20-\x3c\x3e-\x7e]+")
_ESCAPES = [b"=%02X" % octet for octet in range(256)]


class Body(Protocol):
    """A form as it travels."""

    encoding: ClassVar[str]
    """What Content-Transfer-Encoding says of it."""

    def fill(self, values: Mapping[str, str], encoded: dict[str, bytes]) -> list[bytes]:
        """Its octets, in pieces, with each hole filled: lines of at most 76 octets, ended by CRLF.

        The last line end belongs to the boundary that follows, not to the text. ``encoded`` remembers
        what values look like in quoted-printable, for the other body of the same mail.
        """

    def size(self) -> int:
        """Octets of what is fixed."""


def compile_form(form: Form) -> Body:
    """A form in the encoding that makes it shorter."""
    quoted_printable = _Quoted.of(form)
    in_base64 = sum(len(part.encode()) for part in form.parts) * 78 // 57
    return quoted_printable if quoted_printable.size() <= in_base64 else _Based.of(form)


@dataclass(frozen=True, slots=True)
class _Quoted:
    """Quoted-printable: as ``Form``, each part ending where a line begins, each value on lines of its own."""

    encoding: ClassVar[str] = "quoted-printable"
    parts: tuple[bytes, ...]
    holes: tuple[str, ...]

    @classmethod
    def of(cls, form: Form) -> "_Quoted":
        *inner, last = map(quoted, form.parts)
        return cls((*map(_ended, inner), last + b"\r\n"), form.holes)

    def size(self) -> int:
        return sum(map(len, self.parts))

    def fill(self, values: Mapping[str, str], encoded: dict[str, bytes]) -> list[bytes]:
        pieces = [self.parts[0]]
        for hole, part in zip(self.holes, self.parts[1:], strict=True):
            value = values[hole]
            if value not in encoded:
                encoded[value] = _value(value)
            pieces += (encoded[value], part)
        return pieces


class _Phase(NamedTuple):
    """Fixed octets, cut where they meet groups of three: ``head`` completes the one before, ``tail`` begins another."""

    head: bytes
    lines: bytes
    tail: bytes


class _Run(NamedTuple):
    """Holes with the octet or none that follows each, and the fixed octets after them in three phases."""

    holes: tuple[tuple[str, bytes], ...]
    phases: tuple[_Phase, _Phase, _Phase]


_NOTHING = _Phase(b"", b"", b"")


@dataclass(frozen=True, slots=True)
class _Based:
    """Base64, which turns three octets into four characters: a value that is no multiple of three shifts the rest.

    So fixed octets are kept in three phases, with none, one or two given away to the group before.
    Those too short to give any are encoded together with the values around them.
    """

    encoding: ClassVar[str] = "base64"
    first: _Phase
    runs: tuple[_Run, ...]

    @classmethod
    def of(cls, form: Form) -> "_Based":
        first, *rest = map(_canonical, form.parts)
        runs: list[_Run] = []
        holes: list[tuple[str, bytes]] = []
        for number, (hole, part) in enumerate(zip(form.holes, rest, strict=True), 1):
            is_last = number == len(rest)
            if len(part) > 1:
                one, two, three = (_phase(part, given, is_last=is_last) for given in range(3))
                runs.append(_Run((*holes, (hole, b"")), (one, two, three)))
                holes = []
                continue
            holes.append((hole, part))
            if is_last:
                runs.append(_Run(tuple(holes), (_NOTHING, _NOTHING, _NOTHING)))
        return cls(_phase(first, 0, is_last=not rest), tuple(runs))

    def size(self) -> int:
        return len(self.first.lines) + sum(len(run.phases[0].lines) for run in self.runs)

    def fill(self, values: Mapping[str, str], encoded: dict[str, bytes]) -> list[bytes]:  # noqa: ARG002 — see Body
        pieces, tail = [self.first.lines], self.first.tail
        for holes, phases in self.runs:
            octets = tail + b"".join([_canonical(values[hole]) + after for hole, after in holes])
            head, lines, tail = phases[-len(octets) % 3]
            pieces += (based(octets + head), lines)
        return pieces


def _phase(octets: bytes, given: int, *, is_last: bool) -> _Phase:
    end = len(octets) if is_last else len(octets) - (len(octets) - given) % 3
    return _Phase(octets[:given], based(octets[given:end]), octets[end:])


def based(octets: bytes) -> bytes:
    """Octets in base64, lines of 76 (RFC 2045 §6.8)."""
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def based_size(octets: int) -> int:
    """How many octets so many become in base64."""
    digits = (octets + 2) // 3 * 4
    return digits + 2 * -(-digits // _LINE)


def quoted(text: str) -> bytes:
    """A text in quoted-printable, from the beginning of a line (RFC 2045 §6.7)."""
    return b"\r\n".join(_SOFT.join(_wrapped(line)) for line in _canonical(text).split(b"\r\n"))


def _value(text: str) -> bytes:
    """A reader's value on lines of its own: by the standard library, which is quick, wherever it does well enough."""
    if text.isprintable():
        octets = binascii.b2a_qp(text.encode(), istext=False).replace(b"\n", b"\r\n")
        # It would leave a last line of 76, for which the soft break is one too many.
        if len(octets) - octets.rfind(b"\n") <= _LINE and not _MISREAD.search(octets):
            return octets and octets + _SOFT
    return _ended(quoted(text))


def _wrapped(line: bytes) -> list[bytes]:
    """One line of text as lines of the wire."""
    rest = _UNSAFE.sub(lambda run: b"".join([_ESCAPES[octet] for octet in run[0]]), line)
    if rest.endswith(b" "):
        rest = rest[:-1] + b"=20"
    return [_guarded(piece) for piece in _PIECES.findall(rest)] or [b""]


def _guarded(line: bytes) -> bytes:
    """A line that nobody misreads."""
    return b"=%02X" % line[0] + line[1:] if _MISREAD.match(line) else line


def _ended(octets: bytes) -> bytes:
    """What stands before or in a hole, brought to the beginning of a line."""
    return octets if octets.endswith(b"\r\n") or not octets else octets + _SOFT


def _canonical(text: str) -> bytes:
    """UTF-8 with CRLF at each line's end."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
