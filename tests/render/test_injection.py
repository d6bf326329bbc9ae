"""Attack cases 1 to 4 of the design's list, by their numbers: nothing that anybody typed opens a header or a command.

Cases 5 to 7, what could end a mail early, are in test_message and in the worker's test_wire.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from mailer.errors import InvalidError
from mailer.render.frozen import Reader
from mailer.render.message import NOBODY, Envelope, compile_mail
from tests.render.test_message import FIELDS, issue, reader

BREAKS = ("\r\nBcc: eve@evil.example", "\nBcc: eve@evil.example", "\rBcc: eve@evil.example", "\r\n\r\n<p>evil", "\r\n")
"""Case 1."""
ENCODED = (
    "=?utf-8?q?a=0d=0aBcc:_eve@evil.example?=",
    "=?utf-8?b?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
    "=?utf-8?q?a=0d=0a=0d=0aevil?=",
    "x =?us-ascii?q?=0aBcc:_eve@evil.example?= y",
)
"""Case 2: what a mail program would decode, and a careless writer write out."""
UNSEEN = (
    *("\0", "\x0b", "\x0c", "\x1b", "\x7f", "\x85"),
    *("\u2028", "\u2029", "\u202e", "\u2066", "\ud800", "\udc0a"),
)
"""Case 3."""
COMMANDS = ("a@b.example>\r\nRCPT TO:<eve@evil.example", "a@b.example\nDATA", "a@b.example\0", "潮@b.example")
"""Case 4."""

READER = reader("Zoe", "TOKEN")


def sent(
    *, envelope: Envelope = NOBODY, whom: Reader = READER, to: str = "zoe@reader.example", number: str = "abc",
    **texts: str,
) -> bytes:  # fmt: skip
    mail = compile_mail(issue(**texts), envelope, {})  # type: ignore[arg-type]
    return mail.fill(whom, to, number, datetime(2026, 12, 20, 9, tzinfo=UTC))


TEXTS: dict[str, Callable[[str], bytes]] = {
    "subject": lambda typed: sent(subject=f"潮{typed}汐"),
    "sender's name": lambda typed: sent(sender=f"潮{typed}汐"),
    "reader's name": lambda typed: sent(whom=replace(READER, name=f"潮{typed}汐")),
}
"""What people type: any writing may stand in it."""
PLACES: dict[str, Callable[[str], bytes]] = {
    "sender's address": lambda typed: sent(envelope=replace(NOBODY, sender_address=typed)),
    "recipient's address": lambda typed: sent(to=typed),
    "return address": lambda typed: sent(envelope=replace(NOBODY, unsubscribe_address=typed)),
    "list": lambda typed: sent(envelope=replace(NOBODY, list_id=typed)),
    "newsletter": lambda typed: sent(envelope=replace(NOBODY, newsletter=typed)),
    "domain": lambda typed: sent(envelope=replace(NOBODY, domain=typed)),
    "link": lambda typed: sent(whom=replace(READER, unsubscribe=f"https://news.example/u/{typed}")),
    "Message-ID": lambda typed: sent(number=typed),
}
"""What is plain ASCII or nothing."""


def _is_refused(write: Callable[[str], bytes], hostile: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        write(hostile)
    said = str(refusal.value)
    assert "evil" not in said
    assert said.isprintable()


@pytest.mark.parametrize("hostile", [*BREAKS, *UNSEEN], ids=ascii)
@pytest.mark.parametrize("field", [*TEXTS, *PLACES])
def test_attack_cases_1_and_3_are_refused_in_every_field_and_not_repeated(field: str, hostile: str) -> None:
    _is_refused((TEXTS | PLACES)[field], hostile)


@pytest.mark.parametrize("hostile", ENCODED)
@pytest.mark.parametrize("field", TEXTS)
def test_attack_case_2_stays_what_was_typed(field: str, hostile: str) -> None:
    """Each field of the mail stands once, as it was meant, and none was added; nothing is decoded twice."""
    mail = message_from_bytes(TEXTS[field](hostile))
    assert [name for name, _ in mail.items()] == FIELDS
    assert hostile.encode() not in mail.as_bytes()
    assert "evil" not in str(mail["Subject"]) + str(mail["From"]) + str(mail["To"])


@pytest.mark.parametrize("hostile", COMMANDS, ids=ascii)
@pytest.mark.parametrize("field", PLACES)
def test_attack_case_4_no_address_holds_a_command(field: str, hostile: str) -> None:
    _is_refused(PLACES[field], hostile)
