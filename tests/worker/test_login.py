"""Signing in: by which mechanism, where nobody overhears it, and what becomes of a wrong password."""

from base64 import b64encode
from typing import Any

import pytest

from mailer.model.route import Mechanism
from tests.worker.authority import Authority
from tests.worker.desk import ENCRYPTED, HERE, MECHANISMS, NAME, SECRET, authenticate, heard, sent, served
from tests.worker.mailhost import Host
from worker.transport import Fate
from worker.transport.endpoint import Endpoint, Security
from worker.transport.wire import Wire


def _signing_in(security: Security, authority: Authority) -> dict[str, Any]:
    tls = {} if security is Security.NONE else served(security, authority.server())
    # Of TLS from the first octet on it knows nothing.
    return {**tls, "authenticator": authenticate, "auth_require_tls": security is Security.STARTTLS}


@pytest.mark.parametrize("security", [Security.NONE, *ENCRYPTED])
@pytest.mark.parametrize("mechanism", [*MECHANISMS, None])
def test_who_signs_in_may_send(authority: Authority, security: Security, mechanism: Mechanism | None) -> None:
    """In the clear too, where nobody but this machine can hear it."""
    endpoint = Endpoint(HERE, 0, security, NAME, SECRET, mechanism, str(authority.file))
    (outcome,), desk = sent(endpoint, **_signing_in(security, authority))
    assert outcome.fate is Fate.SENT
    assert desk.signed_in == [True]


@pytest.mark.parametrize("mechanism", [*MECHANISMS, None])
def test_a_wrong_password_is_our_fault_and_nobody_hears_it(authority: Authority, mechanism: Mechanism | None) -> None:
    endpoint = Endpoint(HERE, 0, Security.STARTTLS, NAME, "wrong horse", mechanism, str(authority.file))
    (outcome,), desk = sent(endpoint, **_signing_in(Security.STARTTLS, authority))
    assert (outcome.fate, outcome.halts, outcome.unreached, desk.came) == (Fate.UNSENT, True, True, [])
    assert outcome.kind
    assert outcome.kind.key == "login"
    assert "horse" not in repr(outcome) + repr(endpoint)


@pytest.mark.parametrize(
    ("said", "fate"), [("454 4.7.0 later", Fate.DEFERRED), ("550 not you", Fate.UNSENT), ("534 weak", Fate.UNSENT)]
)
def test_what_is_said_of_a_login_for_now_halts_nobody(said: str, fate: Fate) -> None:
    host = Host("AUTH PLAIN", answer=lambda verb, _: said if verb == "AUTH" else None)
    outcome = heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, SECRET), host)
    assert (outcome.fate, outcome.halts, outcome.unreached) == (fate, fate is Fate.UNSENT, True)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_server_that_repeats_what_it_was_told_gives_nothing_away(mechanism: Mechanism) -> None:
    def answer(verb: str, argument: str) -> str | None:
        if verb == "AUTH" and mechanism is Mechanism.LOGIN:
            return "334 VXNlcm5hbWU6"
        cut = f"{argument[:-10].rstrip('=')} {argument[-10:].rstrip('=')}"
        return (
            f"535 {verb} {argument} {SECRET} {SECRET.upper()} {cut} of {NAME} is wrong"
            if verb not in {"connect", "EHLO"}
            else None
        )

    host = Host(f"AUTH {mechanism}", answer=answer)
    outcome = heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, SECRET, mechanism), host)
    assert outcome.fate is Fate.UNSENT
    told = b"".join(host.heard)
    assert outcome.reply.endswith("of *** is wrong")
    for secret in (SECRET, b64encode(SECRET.encode()).decode(), told.split()[-1].decode()):
        assert secret not in outcome.reply
        assert secret.upper() not in outcome.reply
        assert not (piece := secret[:-10].rstrip("=")) or piece not in outcome.reply


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "body"])
def test_nor_does_one_that_repeats_it_later(step: str) -> None:
    said = b64encode(f"\0{NAME}\0{SECRET}".encode()).decode()
    answers = {"AUTH": "235 ok", step: f"550 5.7.1 {SECRET} {said}"}
    host = Host("AUTH PLAIN", answer=lambda verb, _: answers.get(verb))
    outcome = heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, SECRET), host)
    assert (outcome.code, outcome.reply) == (550, "5.7.1 *** ***")


def test_a_password_is_not_told_where_it_could_be_overheard(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the server were elsewhere: this machine has no other address to count on.
    monkeypatch.setattr(Wire, "local", property(lambda _: False))
    for security in (Security.NONE, Security.OPPORTUNISTIC):
        host = Host("AUTH PLAIN LOGIN")
        outcome = heard(lambda port, security=security: Endpoint(HERE, port, security, NAME, SECRET), host)  # type: ignore[misc]  # a default binds it
        assert (outcome.fate, outcome.unreached) == (Fate.UNSENT, True)
        assert "nobody was told the password" in outcome.reply
        assert not any(b"AUTH" in chunk for chunk in host.heard)
    endpoint = Endpoint(HERE, 0, Security.STARTTLS, NAME, SECRET, ca_file=str(authority.file))
    (outcome,), _ = sent(endpoint, **_signing_in(Security.STARTTLS, authority))
    assert outcome.fate is Fate.SENT


def test_who_does_not_offer_to_sign_in_is_not_told_who_we_are() -> None:
    host = Host("AUTH CRAM-MD5")
    outcome = heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, SECRET), host)
    assert (outcome.fate, outcome.reply) == (Fate.UNSENT, "the server does not offer to sign in by PLAIN or LOGIN")
    assert not any(b"AUTH" in chunk for chunk in host.heard)


def test_a_long_token_does_not_make_a_long_command() -> None:
    """RFC 4954 §4: a first answer that does not fit in a command comes after it."""

    def answer(verb: str, _: str) -> str | None:
        return "334 " if verb == "AUTH" else "235 welcome" if len(verb) > len("AUTH XOAUTH2") else None

    host = Host("AUTH XOAUTH2", answer=answer)
    outcome = heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, "t" * 2000, Mechanism.XOAUTH2), host)
    assert outcome.fate is Fate.SENT
    assert b"AUTH XOAUTH2\r\n" in host.heard
