"""One person's mail as bytes: header, text part, HTML part (RFC 5322, RFC 2045, RFC 2046 §5.1.4)."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailer.i18n import languages
from mailer.render import header
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
    # `=_` cannot occur in base64, so no body line can be taken for the boundary.
    boundary = f"=_{secrets.token_hex(12)}"
    return b"".join(
        [
            *_header(frozen, envelope, reader, address, message_id, date),
            f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode(),
            _part(boundary, "plain", frozen.text.fill(values)),
            _part(boundary, "html", frozen.html.fill_html(values)),
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
        header.exact("Feedback-ID", f"{envelope.campaign_id}:{envelope.newsletter}:twinletter"),
        header.exact("Content-Language", ", ".join(tags)),
    ]


def _part(boundary: str, subtype: str, content: str) -> bytes:
    octets = content.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    head = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(octets).replace(b"\n", b"\r\n")
