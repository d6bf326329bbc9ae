"""One person's mail: lawful bytes, both parts as built, and the headers that providers look for."""

import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from typing import Any

import pytest
from lxml import html as parser

from mailer.render.variant import Frozen, Reader

Build = Callable[[str, Reader], bytes]


def parts(mail: bytes) -> dict[str, str]:
    """The MIME parts of a mail, decoded: type → text."""
    message: Message = message_from_bytes(mail, policy=compat32)
    assert not message.defects
    assert message.get_content_type() == "multipart/alternative"
    found = {}
    for part in message.get_payload():
        assert isinstance(part, Message)
        assert part.get_content_charset() == "utf-8"
        body = part.get_payload(decode=True)
        assert isinstance(body, bytes)
        found[part.get_content_type()] = body.decode()
    return found


def header(mail: bytes, name: str) -> str:
    """The one value of a header field, as it stands on the wire."""
    lines = re.findall(rf"^{name}: (.*(?:\r\n .*)*)\r$", mail.partition(b"\r\n\r\n")[0].decode() + "\r\n", re.MULTILINE)
    assert len(lines) == 1, name
    return str(lines[0])


def test_bytes_are_lawful_and_both_parts_decode_to_what_was_built(
    mode: str, mail: Build, frozen: dict[str, Frozen], reader: Reader
) -> None:
    octets = mail(mode, reader)
    assert octets.isascii()
    assert octets.endswith(b"--\r\n")
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    body = octets.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 78
    values = frozen[mode].values(reader)
    built = {
        "text/plain": frozen[mode].text.fill(values),
        "text/html": frozen[mode].html.fill(frozen[mode].html_values(values)),
    }
    assert parts(octets) == {kind: text.replace("\n", "\r\n") for kind, text in built.items()}
    assert list(built) == list(parts(octets))


def test_headers_let_people_and_providers_unsubscribe(mode: str, mail: Build, reader: Reader) -> None:
    octets = mail(mode, reader)
    first = mode.partition("+")[0]
    unsubscribe = f"<https://news.example/u/TOKEN?lang={first}>, <mailto:u@news.example?subject=TOKEN>"
    assert header(octets, "List-Unsubscribe") == unsubscribe
    assert header(octets, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert header(octets, "List-Id") == "<yearly.tideline.news.example>"
    assert header(octets, "Feedback-ID") == "7:tideline:news.example"
    assert header(octets, "Content-Language") == mode.replace("+", ", ")
    assert header(octets, "Message-ID") == "<abc123@news.example>"
    assert header(octets, "MIME-Version") == "1.0"
    assert header(octets, "Date") == "Sun, 20 Dec 2026 09:00:00 +0000"
    for name in ("From", "To", "Subject"):
        assert header(octets, name)


def test_what_a_reader_is_called_is_data(mode: str, mail: Build, reader: Reader) -> None:
    found = parts(mail(mode, reader))
    assert reader.name in found["text/plain"]
    page: Any = parser.document_fromstring(found["text/html"])
    assert reader.name in page.text_content()
    assert not page.xpath("//b")
    assert "Zoë <b>" not in found["text/html"]


@pytest.mark.parametrize(
    "name", ["", "   ", "歐陽𨋢", "XPH0-webXHP", "%s %(x)s %%", "=?utf-8?q?x?=", "x" * 900], ids=repr
)
def test_any_name_gives_a_whole_mail(mode: str, name: str, mail: Build, reader: Reader) -> None:
    found = parts(mail(mode, replace(reader, name=name)))
    assert " ".join(name.split()) in found["text/plain"]
    for text in found.values():
        assert text.count("https://news.example/web/1") == len(mode.split("+"))
