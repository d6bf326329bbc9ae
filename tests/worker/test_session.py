"""Before the first message: TLS, signing in, what is offered; against real servers with certificates of our own."""

import asyncio
import socket
import ssl
import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailer.model.route import Mechanism
from mailer.reply.classes import UNFIT
from tests.worker.authority import Authority
from tests.worker.mailhost import Host, speak
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint, Security
from worker.transport.smtp import Smtp
from worker.transport.wire import Wire

HERE = "127.0.0.1"
NAME, SECRET = "ada", "correct horse battery"
PARCEL = Parcel(1, "returns@news.example", "mei@reader.example", (b"Subject: x\r\n\r\nhello\r\n",))
MECHANISMS = list(Mechanism)


@dataclass
class Desk:
    """aiosmtpd's handler: what came, and whether it was encrypted."""

    came: list[tuple[list[str], bool]] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)

    async def handle_EHLO(  # noqa: N802 — aiosmtpd's name
        self, _: SMTP, session: Session, __: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        self.sessions.add(id(session))
        return responses

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's name
        assert envelope.content is not None
        self.came.append(([*envelope.mail_options, *envelope.rcpt_tos], session.ssl is not None))
        self.signed_in.append(bool(session.authenticated))
        return "250 2.0.0 taken"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 — aiosmtpd's name
        said = b64decode(args[1])
        if said == f"user={NAME}\1auth=Bearer {SECRET}\1\1".encode():
            return AuthResult(success=True)
        await server.challenge_auth('{"status":"401"}')
        return AuthResult(success=False, handled=False)


def authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, said: LoginPassword) -> AuthResult:
    right = (said.login, said.password) == (NAME.encode(), SECRET.encode())
    return AuthResult(success=right, handled=False)


def sent(
    endpoint: Endpoint, *parcels: Parcel, tls: ssl.SSLContext | None = None, **options: Any
) -> tuple[list[Outcome], Desk]:
    """What becomes of parcels at an aiosmtpd; ``tls``: its context for TLS from the first octet on."""
    desk = Desk()

    async def main() -> list[Outcome]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(desk, hostname="mx.example", **options), HERE, 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        where = Endpoint(HERE, port, endpoint.security, endpoint.username, endpoint.secret, endpoint.mechanism,
                         endpoint.ca_file)  # fmt: skip
        connection = Smtp(where, 5.0).connect()
        outcomes = [await connection.send(parcel, lambda: None) for parcel in parcels or (PARCEL,)]
        await connection.close()
        server.close()
        # A server's own end of TLS takes a moment.
        await asyncio.sleep(0.05)
        return outcomes

    return asyncio.run(main()), desk


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "theirs")


def served(security: Security, context: ssl.SSLContext) -> dict[str, Any]:
    """How aiosmtpd speaks TLS so."""
    return {"tls": context} if security is Security.TLS else {"tls_context": context}


ENCRYPTED = (Security.STARTTLS, Security.TLS)


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


def _heard(endpoint: Callable[[int], Endpoint], host: Host) -> Outcome:
    """What becomes of a message at a scripted server."""

    async def main() -> Outcome:
        async with host:
            connection = Smtp(endpoint(host.port), 2.0).connect()
            outcome = await connection.send(PARCEL, lambda: None)
            await connection.close()
            return outcome

    return asyncio.run(main())


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.OPPORTUNISTIC])
def test_what_is_said_before_tls_begins_is_not_taken_for_what_is_said_inside(security: Security) -> None:
    """CVE-2011-0411."""
    host = Host("STARTTLS", answer=lambda verb, _: "220 go\r\n250 ok" if verb == "STARTTLS" else None)
    outcome = _heard(lambda port: Endpoint(HERE, port, security), host)
    assert (outcome.fate, outcome.reply) == (Fate.UNSENT, "the server said more than it was asked")
    assert not any(b"MAIL" in chunk for chunk in host.heard)


@pytest.mark.parametrize("answer", ["454 4.7.0 not now", "501 no", "250 ok"])
def test_a_server_that_offers_tls_and_refuses_it_gets_nothing(answer: str) -> None:
    host = Host("STARTTLS", answer=lambda verb, _: answer if verb == "STARTTLS" else None)
    outcome = _heard(lambda port: Endpoint(HERE, port, Security.STARTTLS), host)
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
    outcome = _heard(lambda port: Endpoint(HERE, port, Security.OPPORTUNISTIC), host)
    assert outcome.fate is Fate.SENT
    assert [letter.body for letter in host.letters] == [PARCEL.content]


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
    outcome = _heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, SECRET), host)
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
    outcome = _heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, SECRET, mechanism), host)
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
    outcome = _heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, SECRET), host)
    assert (outcome.code, outcome.reply) == (550, "5.7.1 *** ***")


def test_a_password_is_not_told_where_it_could_be_overheard(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the server were elsewhere: this machine has no other address to count on.
    monkeypatch.setattr(Wire, "local", property(lambda _: False))
    for security in (Security.NONE, Security.OPPORTUNISTIC):
        host = Host("AUTH PLAIN LOGIN")
        outcome = _heard(lambda port, security=security: Endpoint(HERE, port, security, NAME, SECRET), host)  # type: ignore[misc]  # a default binds it
        assert (outcome.fate, outcome.unreached) == (Fate.UNSENT, True)
        assert "nobody was told the password" in outcome.reply
        assert not any(b"AUTH" in chunk for chunk in host.heard)
    endpoint = Endpoint(HERE, 0, Security.STARTTLS, NAME, SECRET, ca_file=str(authority.file))
    (outcome,), _ = sent(endpoint, **_signing_in(Security.STARTTLS, authority))
    assert outcome.fate is Fate.SENT


def test_who_does_not_offer_to_sign_in_is_not_told_who_we_are() -> None:
    host = Host("AUTH CRAM-MD5")
    outcome = _heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, SECRET), host)
    assert (outcome.fate, outcome.reply) == (Fate.UNSENT, "the server does not offer to sign in by PLAIN or LOGIN")
    assert not any(b"AUTH" in chunk for chunk in host.heard)


def test_a_long_token_does_not_make_a_long_command() -> None:
    """RFC 4954 §4: a first answer that does not fit in a command comes after it."""

    def answer(verb: str, _: str) -> str | None:
        return "334 " if verb == "AUTH" else "235 welcome" if len(verb) > len("AUTH XOAUTH2") else None

    host = Host("AUTH XOAUTH2", answer=answer)
    outcome = _heard(lambda port: Endpoint(HERE, port, Security.NONE, NAME, "t" * 2000, Mechanism.XOAUTH2), host)
    assert outcome.fate is Fate.SENT
    assert b"AUTH XOAUTH2\r\n" in host.heard


GREEK = Parcel(1, "returns@news.example", "δοκιμή@reader.example", PARCEL.pieces)
DOMAIN = Parcel(2, "returns@news.example", "mei@信.example", PARCEL.pieces)


def test_a_name_beyond_ascii_goes_to_who_takes_it() -> None:
    outcomes, desk = sent(Endpoint(HERE, 0), GREEK, PARCEL, enable_SMTPUTF8=True)
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 2
    assert "SMTPUTF8" in desk.came[0][0]
    assert GREEK.recipient in desk.came[0][0]
    assert "SMTPUTF8" not in desk.came[1][0]


def test_a_name_beyond_ascii_waits_where_it_is_not_taken_and_others_go_on() -> None:
    outcomes, desk = sent(Endpoint(HERE, 0), GREEK, PARCEL)
    assert [outcome.fate for outcome in outcomes] == [Fate.DEFERRED, Fate.SENT]
    assert outcomes[0].kind
    assert outcomes[0].kind.key == "ascii-only"
    assert len(desk.came) == len(desk.sessions) == 1


def test_a_domain_beyond_ascii_is_written_so_that_everybody_reads_it() -> None:
    (outcome,), desk = sent(Endpoint(HERE, 0), DOMAIN)
    assert outcome.fate is Fate.SENT
    assert desk.came[0][0][-1] == "mei@xn--vuq.example"


@pytest.mark.parametrize(
    "recipient", ["mei\r\nRCPT TO:<x@other.example>@reader.example", "a@b.example> SIZE=1", "a b@c"]
)
def test_no_address_says_anything_else(recipient: str) -> None:
    outcomes, desk = sent(Endpoint(HERE, 0), Parcel(1, "returns@news.example", recipient, PARCEL.pieces), PARCEL)
    assert [outcome.fate for outcome in outcomes] == [Fate.FAILED, Fate.SENT]
    assert len(desk.came) == len(desk.sessions) == 1


def test_what_is_larger_than_a_server_takes_costs_no_connection() -> None:
    large = Parcel(2, PARCEL.sender, PARCEL.recipient, (PARCEL.content, b"x" * 3000 + b"\r\n"))
    outcomes, desk = sent(Endpoint(HERE, 0), large, PARCEL, data_size_limit=2000)
    assert (outcomes[0].fate, outcomes[0].halts) == (Fate.UNSENT, True)
    assert outcomes[0].kind
    assert outcomes[0].kind.key == "too-big"
    assert outcomes[1].fate is Fate.SENT
    assert f"SIZE={len(PARCEL.content)}" in desk.came[0][0]
    assert len(desk.came) == len(desk.sessions) == 1


def test_what_is_larger_than_a_server_takes_is_not_announced_to_it() -> None:
    host = Host("SIZE 10")
    assert _heard(lambda port: Endpoint(HERE, port), host).halts
    assert not any(b"MAIL" in chunk for chunk in host.heard)


def test_a_server_of_another_time_is_greeted_in_its_own_way() -> None:
    host = Host("PIPELINING", answer=lambda verb, _: "502 what is EHLO" if verb == "EHLO" else None)
    assert _heard(lambda port: Endpoint(HERE, port), host).fate is Fate.SENT
    assert [chunk.split()[0] for chunk in host.heard[:3]] == [b"EHLO", b"HELO", b"MAIL"]


def test_a_machine_without_a_full_name_says_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (("box", f"[{HERE}]"), ("mail.news.example", "mail.news.example"), ("a b.example", f"[{HERE}]")):
        monkeypatch.setattr(socket, "gethostname", partial(str, name))
        _, desk = sent(Endpoint(HERE, 0))
        assert desk.greeted == [said]


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("smtp://mx.example", Endpoint("mx.example", 25)),
        ("smtp://[::1]:2525/", Endpoint("::1", 2525)),
        ("smtps://mx.example", Endpoint("mx.example", 465, Security.TLS)),
        ("smtp+starttls://mx.example", Endpoint("mx.example", 587, Security.STARTTLS)),
    ],
)
def test_a_url_names_an_endpoint(url: str, endpoint: Endpoint) -> None:
    assert Endpoint.of(url) == endpoint


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
