"""The plain baseline: it says the same as we do, and signs where we do."""

import sys
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from mailer import clock
from mailer.bench.baseline import maker, signer
from mailer.bench.house import Issue, house
from mailer.bench.letters import Letters, letters
from mailer.config import Settings
from mailer.errors import MisconfiguredError

MANY = 8


@pytest.fixture(params=["digest", "pictures"])
def some(chosen: Settings, request: pytest.FixtureRequest) -> Letters:
    with house(chosen, MANY, keep=False, enrolled=lambda _: None) as place:
        issue: Issue = getattr(place, request.param)
        return letters(place, issue, MANY)


def _read(octets: bytes) -> EmailMessage:
    return message_from_bytes(octets, policy=policy.default)


def _words(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return " ".join(part.get_content().split())


@pytest.mark.databases("sqlite")
def test_its_mails_say_what_ours_say(some: Letters) -> None:
    now = clock.now()
    for letter in some.each:
        theirs = _read(maker(letter.mail, some.images)(letter.reader, letter.address, letter.message_id, now))
        ours = _read(letter.mail.fill(letter.reader, letter.address, letter.message_id, now))
        for name in ("Subject", "To", "Message-ID", "Content-Language"):
            assert theirs[name] == ours[name]
        assert _words(theirs, "plain") == _words(ours, "plain")
        assert len([*theirs.walk()]) == len([*ours.walk()])


def test_it_signs_by_dkimpy() -> None:
    mail = b"From: tideline@letters.example\r\nSubject: Tide\r\n\r\nHigh at nine.\r\n"
    signed = signer("rsa-sha256")(mail)
    assert signed.endswith(mail)
    assert "a=rsa-sha256" in _read(signed)["DKIM-Signature"]
    assert signer("")(mail) == mail


def test_without_dkimpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dkim", None)
    with pytest.raises(MisconfiguredError, match=r"twinletter\[bench\]"):
        signer("rsa-sha256")
    assert signer("")(b"mail") == b"mail"
