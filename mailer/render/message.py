"""Mails as bytes: compiled once per variant and campaign, then filled for each reader by splicing alone.

multipart/mixed, where there is a calendar, around multipart/alternative: the plain text, and the
HTML, which with embedded pictures is a multipart/related (RFC 2046 §5.1, RFC 2387, RFC 6047).
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from mailer.i18n import languages
from mailer.model import Image
from mailer.model.edition import ENDINGS
from mailer.render import header, links, pictures, transfer
from mailer.render.frozen import Calendar, Frozen, Reader
from mailer.render.holes import Form

# Where the two bodies go in what is fixed: an octet that no mail may hold.
_HERE = b"\0"
# An empty line ends the header.
_END = b"\r\n"

Sign = Callable[[Sequence[bytes], Sequence[bytes]], bytes]
"""What stands on top of a mail: made of the header fields that are its reader's alone, and of its body in pieces."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the mails of one campaign share in their headers."""

    campaign_id: int
    newsletter: str
    """The newsletter's slug, ASCII."""
    list_id: str
    """The topic's place in RFC 2919: ``topic.newsletter.example.org``."""
    sender_address: str
    unsubscribe_address: str
    domain: str
    """Where Message-IDs live: ours."""
    public_url: str
    """Where hosted pictures are."""


NOBODY = Envelope(
    campaign_id=0,
    newsletter="newsletter",
    list_id="topic.newsletter.letters.example",
    sender_address="newsletter@letters.example",
    unsubscribe_address="unsubscribe@letters.example",
    domain="letters.example",
    public_url="https://letters.example",
)
"""For mails that go to nobody: those that are only shown, or weighed."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One variant in one campaign, ready for its readers."""

    frozen: Frozen
    envelope: Envelope
    text: transfer.Body
    html: transfer.Body
    shared: bytes
    """The header fields that are everybody's."""
    fixed: tuple[bytes, bytes, bytes]
    """What of the body stands before the text, between text and HTML, and behind."""

    def fill(self, reader: Reader, address: str, message_id: str, date: datetime, sign: Sign | None = None) -> bytes:
        """The complete message, CRLF throughout, no line longer than 998 octets or begun by a dot, plain ASCII.

        ``address`` is the recipient's, canonical; ``message_id`` the left side of its Message-ID.
        Raises InvalidError for what no header can hold.
        """
        return b"".join(self.pieces(reader, address, message_id, date, sign))

    def pieces(
        self, reader: Reader, address: str, message_id: str, date: datetime, sign: Sign | None = None
    ) -> list[bytes]:
        """The same in pieces. What is everybody's is in none of them a copy: nearly all of it."""
        values, encoded = self.frozen.values(reader), dict[str, bytes]()
        before, between, behind = self.fixed
        own = self._header(reader, address, message_id, date)
        body = [
            before,
            *self.text.fill(values, encoded),
            between,
            *self.html.fill(self.frozen.html_values(values), encoded),
            behind,
        ]
        return [sign(own, body) if sign else b"", *own, self.shared, _END, *body]

    def size(self) -> int:
        """Octets of what every reader gets."""
        return len(self.shared + _END) + sum(map(len, self.fixed)) + self.text.size() + self.html.size()

    def _header(self, reader: Reader, address: str, message_id: str, date: datetime) -> list[bytes]:
        """The fields that differ per reader."""
        page = f"{reader.unsubscribe}?lang={languages(self.frozen.mode)[0]}"
        token = reader.unsubscribe.rpartition("/")[2]
        return [
            _date(date.replace(microsecond=0)),
            header.mailbox("To", reader.name, address),
            header.exact("Message-ID", f"<{message_id}@{self.envelope.domain}>"),
            # RFC 2369 and RFC 8058: providers show their own button for it.
            header.exact("List-Unsubscribe", f"<{page}>, <mailto:{self.envelope.unsubscribe_address}?subject={token}>"),
        ]


@lru_cache(maxsize=8)
def _date(moment: datetime) -> bytes:
    """Kept, because many mails leave in the same second."""
    return header.exact("Date", format_datetime(moment))


def compile_mail(frozen: Frozen, envelope: Envelope, images: Mapping[str, Image]) -> Mail:
    """A variant's mail for a campaign, with its ``images`` by hash; KeyError where one is missing."""
    text, html = transfer.compile_form(frozen.text), transfer.compile_form(_with_pictures(frozen, envelope))
    page = _part("text/html; charset=utf-8", html.encoding, _HERE)
    if frozen.images and not frozen.hosted:
        page = _multipart('related; type="text/html"', page, *(_embedded(images[hash_]) for hash_ in frozen.images))
    whole = _multipart("alternative", _part("text/plain; charset=utf-8", text.encoding, _HERE), page)
    if frozen.calendar:
        whole = _multipart("mixed", whole, _attached(frozen.calendar))
    content_type, _, body = whole.partition(b"\r\n\r\n")
    shared = b"%b%b\r\n" % (_header(frozen, envelope), content_type)
    # Whoever sends it need not look for one in each mail. Bodies and a reader's own fields begin no line so either.
    assert b"\n." not in shared + body
    before, between, behind = body.split(_HERE)
    return Mail(frozen, envelope, text, html, shared, (before, between, behind))


def _with_pictures(frozen: Frozen, envelope: Envelope) -> Form:
    if frozen.hosted:
        return pictures.placed(frozen.html, lambda hash_: links.image(envelope.public_url, hash_))
    return pictures.placed(frozen.html, lambda hash_: f"cid:{_content_id(hash_)}")


def _content_id(image_hash: str) -> str:
    """The name of an embedded picture (RFC 2392): half of its hash, which nothing else in the world has."""
    return f"{image_hash[:32]}@pictures.twinletter"


def _header(frozen: Frozen, envelope: Envelope) -> bytes:
    """The fields that are everybody's, but for the one that says what the body is."""
    return b"".join(
        [
            header.mailbox("From", frozen.sender, envelope.sender_address),
            header.text("Subject", frozen.subject),
            header.exact("List-Id", f"<{envelope.list_id}>"),
            header.exact("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            # Gmail's Feedback Loop: campaign, newsletter, sender; nothing of the reader.
            header.exact("Feedback-ID", f"{envelope.campaign_id}:{envelope.newsletter}:{envelope.domain}"),
            header.exact("Content-Language", ", ".join(languages(frozen.mode))),
            header.exact("MIME-Version", "1.0"),
        ]
    )


def _multipart(subtype: str, *parts: bytes) -> bytes:
    # `=_` can occur neither in base64 nor in quoted-printable: no body line can be taken for the boundary.
    boundary = f"=_{secrets.token_hex(12)}"
    opening = f"--{boundary}\r\n".encode()
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    return head + b"".join(opening + part for part in parts) + f"--{boundary}--\r\n".encode()


def _part(media_type: str, encoding: str, octets: bytes, *more: str) -> bytes:
    fields = [f"Content-Type: {media_type}", f"Content-Transfer-Encoding: {encoding}", *more]
    return "\r\n".join([*fields, "", ""]).encode("ascii") + octets


def _embedded(image: Image) -> bytes:
    return _part(
        image.media_type,
        "base64",
        transfer.based(image.content),
        f"Content-ID: <{_content_id(image.hash)}>",
        f'Content-Disposition: inline; filename="{image.hash[:12]}.{ENDINGS[image.media_type]}"',
    )


def _attached(calendar: Calendar) -> bytes:
    body = transfer.compile_form(Form((calendar.text,), ()))
    return _part(
        "text/calendar; charset=utf-8; method=PUBLISH",
        body.encoding,
        b"".join(body.fill({}, {})),
        f'Content-Disposition: attachment;\r\n filename="{calendar.name}"',
    )
