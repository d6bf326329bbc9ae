"""The sink's folder as a mailbox: what arrived, for whom, and how to read it."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

from mailer.demo.sink import RECORD


@dataclass(frozen=True, slots=True)
class Received:
    """One line of the sink's record. ``at``: seconds of its own clock."""

    number: int
    at: float
    recipient: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A message taken apart."""

    subject: str
    sender: str
    recipient: str
    languages: list[str]
    headers: list[tuple[str, str]]
    text: str
    html: str
    """With each embedded picture in the place that names it, so that it can be shown by itself."""


class Mailbox:
    """Reads what the sink wrote, and writes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def received(self) -> Iterator[Received]:
        """Everything that arrived, in the order of arrival."""
        record = self._folder / RECORD
        if record.exists():
            # The last line may be half written.
            for line in record.read_text(encoding="utf-8").split("\n")[:-1]:
                entry = json.loads(line)
                yield from (Received(entry["n"], entry["at"], to) for to in entry["to"])

    def raw(self, number: int) -> bytes | None:
        """The message as it arrived, or ``None``."""
        path = self._folder / f"{number:06}.eml"
        return path.read_bytes() if path.exists() else None

    def mode(self, number: int) -> str:
        """The language mode that a message says it is in, from its own header alone."""
        head = (self.raw(number) or b"").partition(b"\r\n\r\n")[0]
        line = next((x for x in head.split(b"\r\n") if x.lower().startswith(b"content-language:")), b":")
        return line.partition(b":")[2].decode().strip().replace(", ", "+")

    def mail(self, number: int) -> Mail | None:
        """A message to read, or ``None``."""
        raw = self.raw(number)
        if raw is None:
            return None
        message = message_from_bytes(raw, policy=policy.compat32)
        return Mail(
            subject=_decoded(message, "Subject"),
            sender=_decoded(message, "From"),
            recipient=_decoded(message, "To"),
            languages=str(message["Content-Language"] or "").split(", "),
            headers=[(name, str(value)) for name, value in message.items()],
            text=_part(message, "text/plain"),
            html=_with_pictures(message, _part(message, "text/html")),
        )


def _decoded(message: Message, name: str) -> str:
    return str(make_header(decode_header(message[name] or "")))


def _part(message: Message, kind: str) -> str:
    part = next((part for part in message.walk() if part.get_content_type() == kind), None)
    payload = part.get_payload(decode=True) if part else b""
    return payload.decode() if isinstance(payload, bytes) else ""


def _with_pictures(message: Message, html: str) -> str:
    """HTML whose ``cid:`` addresses (RFC 2392) are the pictures themselves (RFC 2397)."""
    pictures = {}
    for part in message.walk():
        content = part.get_payload(decode=True)
        if part["Content-ID"] and isinstance(content, bytes):
            pictures[part["Content-ID"].strip("<>")] = (
                f"data:{part.get_content_type()};base64,{b64encode(content).decode()}"
            )
    return re.sub(r'(?<=src=")cid:([^"]+)', lambda found: pictures.get(found[1], found[0]), html)
