"""One person's mail as bytes: header, text part, HTML part (RFC 5322, RFC 2045, RFC 2046 §5.1.4)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailer.i18n import languages
from mailer.render import header, transfer
from mailer.render.holes import Form
from mailer.render.variant import Frozen, Reader


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


def build(frozen: Frozen, envelope: Envelope, reader: Reader, address: str, message_id: str, date: datetime) -> bytes:
    """The complete message, CRLF throughout, no line longer than 998 octets, plain ASCII.

    ``address`` is the recipient's, canonical; ``message_id`` the left side of its Message-ID.
    """
    values = frozen.values(reader)
    # `=_` can occur neither in base64 nor in quoted-printable: no body line can be taken for the boundary.
    boundary = f"=_{secrets.token_hex(12)}"
    return b"".join(
        [
            *_header(frozen, envelope, reader, address, message_id, date),
            f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode(),
            _part(boundary, "plain", frozen.text, values),
            _part(boundary, "html", frozen.html, frozen.html_values(values)),
            f"--{boundary}--\r\n".encode(),
        ]
    )


def _header(
    frozen: Frozen, envelope: Envelope, reader: Reader, address: str, message_id: str, date: datetime
) -> list[bytes]:
    tags = languages(frozen.mode)
    page = f"{reader.unsubscribe}?lang={tags[0]}"
    token = reader.unsubscribe.rpartition("/")[2]
    return [
        header.exact("Date", format_datetime(date)),
        header.mailbox("From", frozen.sender, envelope.sender_address),
        header.mailbox("To", reader.name, address),
        header.text("Subject", frozen.subject),
        header.exact("Message-ID", f"<{message_id}@{envelope.domain}>"),
        header.exact("List-Id", f"<{envelope.list_id}>"),
        # RFC 2369 and RFC 8058: providers show their own button for it.
        header.exact("List-Unsubscribe", f"<{page}>, <mailto:{envelope.unsubscribe_address}?subject={token}>"),
        header.exact("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        # Gmail's Feedback Loop: campaign, newsletter, sender; nothing of the reader.
        header.exact("Feedback-ID", f"{envelope.campaign_id}:{envelope.newsletter}:{envelope.domain}"),
        header.exact("Content-Language", ", ".join(tags)),
    ]


def _part(boundary: str, subtype: str, form: Form, values: Mapping[str, str]) -> bytes:
    encoding, octets = transfer.body(form, values)
    head = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + octets
