"""What the DNS has of a key, against what it should, from a name server that answers well, badly, or not at all."""

from collections.abc import Iterator

import pytest
from dns.message import Message

from mailer import resolver, zone
from mailer.vault import Algorithm, DkimKey, KeyState
from mailer.vault.rotation import made
from mailer.zone import Record, wrong
from tests.nameserver import NameServer, serving, txt

(RSA,) = made("letters.example", Algorithm.RSA, KeyState.SIGNING)([])
(ED25519,) = made("other.example", Algorithm.ED25519, KeyState.SIGNING)([])
PUBLIC = RSA.record_value.partition("p=")[2]


@pytest.fixture
def server() -> Iterator[NameServer]:
    with serving() as started:
        yield started


def _silence(_: Message) -> None:
    return None


def test_the_records_as_they_are_shown_are_right(server: NameServer) -> None:
    for key in (RSA, ED25519):
        server.answers[key.record_name] = txt(key.record_value)
    assert zone.records(server.address, [RSA, ED25519]) == [Record.PUBLISHED] * 2
    assert wrong(Record.PUBLISHED, RSA) is None


@pytest.mark.parametrize(
    "record",
    [
        f"v=DKIM1;k=rsa;p={PUBLIC};",
        f"v=DKIM1; p={PUBLIC}",
        f"k=rsa;  p = {PUBLIC[:50]} {PUBLIC[50:]} ; t=s; n=ours",
    ],
)
def test_what_means_the_same_is_right(server: NameServer, record: str) -> None:
    server.answers[RSA.record_name] = txt(record)
    assert zone.records(server.address, [RSA]) == [Record.PUBLISHED]


@pytest.mark.parametrize(
    "records",
    [
        [f"v=DKIM1; k=rsa; p={PUBLIC[:-8]}AAAAAAA="],
        ["v=DKIM1; k=rsa"],
        [" "],
        [ED25519.record_value],
        ["v=spf1 -all"],
        [RSA.record_value, RSA.record_value + "; t=y"],
        [RSA.record_value, "v=spf1 -all"],
        ["v=DKIM1 k=rsa p=x"],
    ],
)
def test_what_means_something_else_is_said(server: NameServer, records: list[str]) -> None:
    server.answers[RSA.record_name] = txt(*records)
    assert zone.records(server.address, [RSA]) == [Record.DIFFERENT]
    assert RSA.record_name in str(wrong(Record.DIFFERENT, RSA))


@pytest.mark.parametrize("key", [RSA, ED25519])
def test_a_key_that_is_revoked_is_said_to_be(server: NameServer, key: DkimKey) -> None:
    server.answers[key.record_name] = txt("v=DKIM1; p=")
    assert zone.records(server.address, [key]) == [Record.REVOKED]
    assert "revoked" in str(wrong(Record.REVOKED, key))


def test_what_is_missing_or_not_answered_is_said(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "SECONDS", 1.0)
    server.answers[RSA.record_name] = _silence
    assert zone.records(server.address, [RSA, ED25519]) == [Record.SILENT, Record.MISSING]
    assert "publish it" in str(wrong(Record.MISSING, ED25519))


def test_nobody_is_asked_where_the_dns_is_off() -> None:
    assert zone.records("off", [RSA]) == [Record.UNASKED]
    assert wrong(Record.UNASKED, RSA) is None
