"""TLS: whom we trust, and what is said to nobody else; against real servers with certificates of our own."""

import asyncio
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.reply.classes import UNFIT
from tests.worker.authority import Authority
from tests.worker.desk import ENCRYPTED, HERE, NAME, PARCEL, SECRET, heard, sent, served
from tests.worker.mailhost import Host, speak
from worker.transport import Fate
from worker.transport.endpoint import Endpoint, Security


@pytest.mark.parametrize("security", ENCRYPTED)
def test_a_server_that_we_trust_gets_mail_encrypted(authority: Authority, security: Security) -> None:
    endpoint = Endpoint(HERE, 0, security, ca_file=str(authority.file))
    (outcome,), desk = sent(endpoint, **served(security, authority.server()))
    assert outcome.fate is Fate.SENT
    assert [encrypted for _, encrypted in desk.came] == [True] or security is Security.TLS
    # Introduced again inside: what was said before may have been anybody's.
    assert len(desk.greeted) == (2 if security is Security.STARTTLS else 1)


@pytest.mark.parametrize("security", ENCRYPTED)
@pytest.mark.parametrize(
    ("wrong", "why"),
    [("expired", "expired"), ("foreign", "unable to get"), ("another's", "IP address mismatch"), ("unknown", "unable")],
)
def test_a_server_that_is_not_whom_we_trust_gets_nothing(
    authority: Authority, stranger: Authority, security: Security, wrong: str, why: str
) -> None:
    shown: dict[str, Callable[[], ssl.SSLContext]] = {
        "expired": lambda: authority.server(expired=True),
        "foreign": stranger.server,
        "another's": lambda: authority.server("192.0.2.1"),
        "unknown": authority.server,
    }
    # Where no file is named, the system's authorities are asked, which do not know ours.
    endpoint = Endpoint(HERE, 0, security, NAME, SECRET, ca_file="" if wrong == "unknown" else str(authority.file))
    (outcome,), desk = sent(endpoint, **served(security, shown[wrong]()))
    assert (outcome.fate, outcome.unreached, desk.came) == (Fate.UNSENT, True, [])
    assert outcome.reply.startswith("the server's certificate is not to be trusted: ")
    assert why in outcome.reply


@pytest.mark.parametrize("security", ENCRYPTED)
def test_tls_of_another_time_is_not_spoken(authority: Authority, security: Security) -> None:
    context = authority.server()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    endpoint = Endpoint(HERE, 0, security, ca_file=str(authority.file))
    (outcome,), desk = sent(endpoint, **served(security, context))
    assert (outcome.fate, outcome.unreached, desk.came) == (Fate.UNSENT, True, [])


def test_where_encryption_is_wanted_and_not_offered_nothing_is_sent() -> None:
    (outcome,), desk = sent(Endpoint(HERE, 0, Security.STARTTLS, NAME, SECRET))
    assert (outcome.fate, outcome.unreached, desk.came) == (Fate.UNSENT, True, [])
    assert outcome.reply == "nothing was sent, since the server does not offer STARTTLS"


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.OPPORTUNISTIC])
def test_what_is_said_before_tls_begins_is_not_taken_for_what_is_said_inside(security: Security) -> None:
    """CVE-2011-0411."""
    host = Host("STARTTLS", answer=lambda verb, _: "220 go\r\n250 ok" if verb == "STARTTLS" else None)
    outcome = heard(lambda port: Endpoint(HERE, port, security), host)
    assert (outcome.fate, outcome.reply) == (Fate.UNSENT, "the server said more than it was asked")
    assert not any(b"MAIL" in chunk for chunk in host.heard)


@pytest.mark.parametrize("answer", ["454 4.7.0 not now", "501 no", "250 ok"])
def test_a_server_that_offers_tls_and_refuses_it_gets_nothing(answer: str) -> None:
    host = Host("STARTTLS", answer=lambda verb, _: answer if verb == "STARTTLS" else None)
    outcome = heard(lambda port: Endpoint(HERE, port, Security.STARTTLS), host)
    assert (outcome.fate, outcome.unreached) == (Fate.DEFERRED if answer.startswith("4") else Fate.UNSENT, True)
    assert not any(b"MAIL" in chunk for chunk in host.heard)


def test_who_wants_what_can_be_had_has_it_with_strangers(stranger: Authority) -> None:
    (outcome,), desk = sent(Endpoint(HERE, 0, Security.OPPORTUNISTIC), tls_context=stranger.server())
    assert outcome.fate is Fate.SENT
    assert [encrypted for _, encrypted in desk.came] == [True]


@pytest.mark.parametrize("offers", [("STARTTLS",), ()])
@pytest.mark.parametrize("answer", ["220 go", "454 not now", "501 no"])
def test_who_wants_what_can_be_had_goes_without_where_there_is_none(offers: tuple[str, ...], answer: str) -> None:
    async def hang_up(writer: asyncio.StreamWriter, reply: bytes) -> None:
        await speak(writer, reply)
        if reply == b"220 go\r\n":
            raise ConnectionResetError

    host = Host(*offers, answer=lambda verb, _: answer if verb == "STARTTLS" else None, speak=hang_up)
    outcome = heard(lambda port: Endpoint(HERE, port, Security.OPPORTUNISTIC), host)
    assert outcome.fate is Fate.SENT
    assert [letter.body for letter in host.letters] == [PARCEL.content]


def test_a_file_of_authorities_that_is_not_there_is_said(tmp_path: Path) -> None:
    (outcome,), _ = sent(Endpoint(HERE, 0, Security.STARTTLS, ca_file=str(tmp_path / "none.pem")))
    assert (outcome.fate, outcome.unreached, outcome.kind) == (Fate.UNSENT, True, UNFIT)
    assert "No such file" in outcome.reply


def test_a_file_of_authorities_that_is_changed_is_read_anew(
    authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    trusted = tmp_path / "trusted.pem"
    endpoint = Endpoint(HERE, 0, Security.STARTTLS, ca_file=str(trusted))
    for signed_by, fate in ((stranger, Fate.UNSENT), (authority, Fate.SENT)):
        trusted.write_bytes(signed_by.file.read_bytes())
        (outcome,), _ = sent(endpoint, **served(Security.STARTTLS, authority.server()))
        assert outcome.fate is fate
