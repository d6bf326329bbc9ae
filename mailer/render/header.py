"""Header fields written by ourselves, so that they arrive exactly as typed (RFC 5322 §2.2, RFC 2047).

The standard library's writers lose or add spaces between encoded words, encode List-Unsubscribe
when it is long, and let an encoded newline through.
"""

import base64
import re
from functools import lru_cache

import regex  # type: ignore[import-untyped]  # its types come apart

from mailer.characters import refuse_controls
from mailer.errors import InvalidError
from mailer.i18n import N_

_LINE = 78
_ENCODED_LINE = 76
_WORD = 75
_OVERHEAD = len("=?utf-8?b??=")
_LONGEST = 998
_CLUSTER = regex.compile(r"\X")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", re.ASCII)


@lru_cache(maxsize=64)
def text(name: str, value: str) -> bytes:
    """An unstructured field such as Subject: plain where it can be, else encoded as a whole.

    Kept, because every mail of a variant has the same: never for anything of a reader's.
    """
    refuse_controls(value)
    if value.isascii() and "=?" not in value and value == value.strip() and len(name) + 2 + len(value) <= _LINE:
        return f"{name}: {value}\r\n".encode()
    return f"{name}: {_encoded(value, len(name) + 2)}\r\n".encode()


def mailbox(name: str, display: str, address: str) -> bytes:
    """An address field: the display name encoded where it must be, the address always plain ASCII."""
    bare = exact(name, address)
    display = " ".join(refuse_controls(display).split())
    if not display:
        return bare
    plain = _PHRASE.fullmatch(display) and "=?" not in display
    if plain and len(name) + len(display) + len(address) + 5 <= _LINE:
        return f"{name}: {display} <{address}>\r\n".encode("ascii")
    words = _encoded(display, len(name) + 2)
    return f"{name}: {words}\r\n <{address}>\r\n".encode("ascii")


def exact(name: str, value: str) -> bytes:
    """A field that must stand as it is: ASCII, on one line of at most 998 octets."""
    if not value.isascii() or not value.isprintable() or len(name) + 2 + len(value) > _LONGEST:
        raise InvalidError(N_("The header %(name)s cannot hold this value."), name=name)
    return f"{name}: {value}\r\n".encode("ascii")


def _encoded(value: str, indent: int) -> str:
    """Base64 words of at most 75 characters, cut between grapheme clusters, folded by CRLF SPACE."""
    words, run = [], b""
    room = _room(min(_WORD, _ENCODED_LINE - indent))
    if len(whole := value.encode()) <= room:
        # Most names are short: nothing is to be cut.
        return _word(whole)
    for cluster in _pieces(value, room):
        octets = cluster.encode()
        if run and len(run) + len(octets) > room:
            words.append(run)
            run, room = b"", _room(_WORD)
        run += octets
    words.append(run)
    return "\r\n ".join(map(_word, words))


def _word(octets: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(octets).decode()}?="


def _room(width: int) -> int:
    """Octets of text that fit in an encoded word of ``width`` characters."""
    return (width - _OVERHEAD) // 4 * 3


def _pieces(value: str, room: int) -> list[str]:
    """Grapheme clusters, by code point those of more than ``room`` octets."""
    clusters: list[str] = _CLUSTER.findall(value)
    return [piece for cluster in clusters for piece in ([cluster] if len(cluster.encode()) <= room else cluster)]
