"""The second reference: as most programs do it, with Jinja2, EmailMessage, dkimpy and smtplib, one mail after another.

It sends the same mails: the frozen forms as templates, rendered for each reader.
"""

import base64
import importlib
import smtplib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jinja2 import Environment, Template
from markupsafe import Markup

from mailer import clock
from mailer.bench import usage
from mailer.bench.reference import Sent
from mailer.bench.sink import HOST, Sink
from mailer.errors import MisconfiguredError
from mailer.i18n import N_, languages
from mailer.model import Image
from mailer.render import links, pictures
from mailer.render.frozen import Reader
from mailer.render.holes import Form
from mailer.render.message import NOBODY, Mail

_SELECTOR = b"bench"
_BITS = 2048
_ED25519 = "ed25519-sha256"

Make = Callable[[Reader, str, str, datetime], bytes]
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to be made: of which variant, for whom, under which Message-ID."""

    mail: Mail
    reader: Reader
    address: str
    message_id: str


def send(sink: Sink, letters: Sequence[Letter], images: Mapping[str, Image], sign: Sign) -> Sent:
    """Make, sign and send them over one connection that is kept."""
    makers = {id(letter.mail): maker(letter.mail, images) for letter in letters}
    spent, began = usage.own_seconds(), clock.monotonic()
    with smtplib.SMTP(HOST, sink.port) as connection:
        for letter in letters:
            octets = makers[id(letter.mail)](letter.reader, letter.address, letter.message_id, clock.now())
            connection.sendmail(NOBODY.sender_address, [letter.address], sign(octets))
    return Sent(len(letters), clock.monotonic() - began, usage.own_seconds() - spent)


def maker(mail: Mail, images: Mapping[str, Image]) -> Make:
    """Makes one mail of a variant as most programs do."""
    frozen = mail.frozen

    def place(hash_: str) -> str:
        return links.image(NOBODY.public_url, hash_) if frozen.hosted else f"cid:{hash_}"

    html = pictures.placed(frozen.html, place)
    text, page = _template(frozen.text, autoescape=False), _template(html, autoescape=True)

    def make(reader: Reader, address: str, message_id: str, date: datetime) -> bytes:
        values = frozen.values(reader)
        message = EmailMessage(policy=SMTP)
        message["Date"] = format_datetime(date)
        message["From"] = Address(frozen.sender, addr_spec=NOBODY.sender_address)
        message["To"] = Address(reader.name, addr_spec=address)
        message["Subject"] = frozen.subject
        message["Message-ID"] = f"<{message_id}@{NOBODY.domain}>"
        message["List-Id"] = f"<{NOBODY.list_id}>"
        message["List-Unsubscribe"] = f"<{reader.unsubscribe}?lang={frozen.mode}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["Feedback-ID"] = f"{NOBODY.campaign_id}:{NOBODY.newsletter}:{NOBODY.domain}"
        message.set_content(text.render(values=values), cte=mail.text.encoding)
        marked = {name: Markup(value) for name, value in frozen.html_values(values).items()}  # noqa: S704 — escaped
        message.add_alternative(page.render(values=marked), subtype="html", cte=mail.html.encoding)
        # Last: set before, it would go to the first part.
        message["Content-Language"] = ", ".join(languages(frozen.mode))
        if not frozen.hosted:
            _embed(message, images, frozen.images)
        return message.as_bytes()

    return make


def _embed(message: EmailMessage, images: Mapping[str, Image], shown: Sequence[str]) -> None:
    page = cast(MIMEPart, message.get_body(("html",)))
    for hash_ in shown:
        kind, subtype = images[hash_].media_type.split("/")
        page.add_related(images[hash_].content, kind, subtype, cid=f"<{hash_}>")


def _template(form: Form, *, autoescape: bool) -> Template:
    """A form as a template of Jinja2."""
    environment = Environment(autoescape=autoescape, keep_trailing_newline=True)  # noqa: S701 — text has no markup
    holes = [f"{{{{ values['{hole}'] }}}}" for hole in form.holes]
    pieces = zip(form.parts, [*holes, ""], strict=True)
    return environment.from_string("".join(f"{{% raw %}}{part}{{% endraw %}}{hole}" for part, hole in pieces))


def signer(algorithm: str) -> Sign:
    """What signs a mail by dkimpy with a fresh key (RFC 6376, RFC 8463); '' leaves it as it is.

    Raises MisconfiguredError where dkimpy is not installed.
    """
    if not algorithm:
        return bytes
    try:
        dkim = importlib.import_module("dkim")
        # dkimpy itself asks for it only when it is about to sign.
        importlib.import_module("nacl") if algorithm == _ED25519 else None
    except ImportError:
        raise MisconfiguredError(
            N_("The baseline signs by dkimpy, which is not installed: pip install 'twinletter[bench]' brings it.")
        ) from None
    key = _key(algorithm)

    def sign(octets: bytes) -> bytes:
        header = dkim.sign(
            octets,
            _SELECTOR,
            NOBODY.domain.encode(),
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            signature_algorithm=algorithm.encode(),
        )
        return cast(bytes, header) + octets

    return sign


def _key(algorithm: str) -> bytes:
    """A key as dkimpy reads it: PEM, or the base64 of a seed."""
    if algorithm == _ED25519:
        return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw())
    key = generate_private_key(65537, _BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
