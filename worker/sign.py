"""Signatures over mails (DKIM, RFC 6376; Ed25519 by RFC 8463): prepared per variant, made per message.

Header fields are hashed in the relaxed form (§3.4.2), since relays fold them anew; the body as it is
(``simple``, §3.4.3), octet for octet what is sent before dots are doubled. Each message costs a hash of
its body, the canonical form of the few fields that are its reader's, and one operation per key.
"""

import base64
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from mailer.vault import DkimKey

_FIELDS = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "list-id", "list-unsubscribe"),
    *("list-unsubscribe-post", "feedback-id", "mime-version", "content-type", "content-language"),
)
"""What is signed, in this order; what a mail lacks counts as empty (§5.4)."""
_ONCE_MORE = (*_FIELDS, "cc", "content-transfer-encoding")
"""Named once more than they stand: another one, put on top, is what many programs would show (§8.15)."""
_WIDTH = 76
"""With the space that a folded line begins with it stays within 78 (RFC 5322 §2.1.1)."""
_FIELD_ENDS = re.compile(rb"\r\n(?![ \t])")


class Signer:
    """What signs the mails of a variant: ``keys``, each in a field of its own, or nothing where there is none.

    ``shared``: the header fields that all its mails have, folded as they are sent.
    """

    def __init__(self, keys: Sequence[DkimKey], shared: bytes) -> None:
        self._shared = dict(_canonical(field) for field in _split(shared))
        self._signatures = [_Signature.of(key) for key in keys]

    def sign(self, own: Sequence[bytes], body: Sequence[bytes]) -> bytes:
        """The signatures' fields, to stand before all others; ``own``: the header fields of this mail alone.

        ``body``, in pieces, ends in exactly one CRLF.
        """
        if not self._signatures:
            return b""
        fields = self._shared | dict(map(_canonical, own))
        header = b"".join([fields.get(name, b"") for name in _FIELDS])
        whole = sha256()
        for piece in body:
            whole.update(piece)
        hashed = base64.b64encode(whole.digest())
        return b"".join([signature.field(header, hashed) for signature in self._signatures])


@dataclass(frozen=True, slots=True)
class _Signature:
    """One key's field up to the body's hash: as it is sent, and in the relaxed form."""

    key: DkimKey
    sent: bytes
    relaxed: bytes

    @classmethod
    def of(cls, key: DkimKey) -> "_Signature":
        tags = f"v=1; a={key.algorithm}; c=relaxed/simple; d={key.domain}; s={key.selector};"
        names = ": ".join((*_FIELDS, *_ONCE_MORE))
        lines = textwrap.wrap(
            f"DKIM-Signature: {tags} h={names};", _WIDTH, break_long_words=False, break_on_hyphens=False
        )
        sent = "\r\n ".join([*lines, "bh="]).encode("ascii")
        return cls(key, sent, _canonical(sent)[1].removesuffix(b"\r\n"))

    def field(self, header: bytes, body_hash: bytes) -> bytes:
        """The whole field. It signs itself with an empty ``b=`` and without its line end (§3.7)."""
        signature = base64.b64encode(self.key.sign(b"%b%b%b; b=" % (header, self.relaxed, body_hash)))
        pieces = [signature[at : at + _WIDTH - 2] for at in range(0, len(signature), _WIDTH - 2)]
        return b"%b%b;\r\n b=%b\r\n" % (self.sent, body_hash, b"\r\n ".join(pieces))


def _canonical(field: bytes) -> tuple[str, bytes]:
    """A field's name in small letters, and the field in the relaxed form (§3.4.2)."""
    name, _, value = field.partition(b":")
    lower = name.lower()
    return lower.decode("ascii"), b"%b:%b\r\n" % (lower, b" ".join(value.split()))


def _split(header: bytes) -> list[bytes]:
    """The fields of a header, each with the lines it is folded over."""
    return _FIELD_ENDS.split(header.removesuffix(b"\r\n"))
