"""A desk that takes mail: aiosmtpd, in the clear or by TLS, with or without signing in; and what came."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailer.model.route import Mechanism
from tests.worker.mailhost import Host
from worker.transport import Outcome, Parcel
from worker.transport.endpoint import Endpoint, Security
from worker.transport.smtp import Smtp

HERE = "127.0.0.1"
NAME, SECRET = "ada", "correct horse battery"
PARCEL = Parcel(1, "returns@news.example", "mei@reader.example", (b"Subject: x\r\n\r\nhello\r\n",))
MECHANISMS = list(Mechanism)
ENCRYPTED = (Security.STARTTLS, Security.TLS)


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


def served(security: Security, context: ssl.SSLContext) -> dict[str, Any]:
    """How aiosmtpd speaks TLS so."""
    return {"tls": context} if security is Security.TLS else {"tls_context": context}


def heard(endpoint: Callable[[int], Endpoint], host: Host) -> Outcome:
    """What becomes of a message at a scripted server."""

    async def main() -> Outcome:
        async with host:
            connection = Smtp(endpoint(host.port), 2.0).connect()
            outcome = await connection.send(PARCEL, lambda: None)
            await connection.close()
            return outcome

    return asyncio.run(main())
