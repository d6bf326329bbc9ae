"""Exchangers on this machine, and one connection straight to them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from tests.nameserver import Answer, NameServer, records
from tests.worker.mailhost import Host
from worker.transport import Outcome, Parcel
from worker.transport.direct import Direct, DirectConnection

FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"
DOMAIN, READER = "school.edu.hk", "mei@school.edu.hk"


def parcel(recipient: str = READER, number: int = 1) -> Parcel:
    return Parcel(number, "returns@news.example", recipient, (b"Subject: %d\r\n\r\nhello\r\n" % number,), dotless=True)


def mx(*hosts: str) -> Answer:
    """Exchangers of a domain: ``10 first.hk.``."""
    return records(*(f"MX {host}" for host in hosts))


def at(*addresses: str) -> Answer:
    return records(*(f"{'AAAA' if ':' in address else 'A'} {address}" for address in addresses))


def nobody() -> None:
    """Keeps no body back."""


def local(address: str) -> bool:
    """Takes this machine for the public Internet."""
    return address.startswith("127.")


def trial(
    dns: NameServer, hosts: Sequence[Host], act: Callable[[Direct, DirectConnection], Awaitable[None]], **more: Any
) -> None:
    """Have ``hosts`` listen, all on one port, and ``act`` on one connection to whoever the DNS says takes mail."""

    async def main() -> None:
        async with AsyncExitStack() as listening:
            for host in hosts:
                host.port = hosts[0].port
                await listening.enter_async_context(host)
            settings: dict[str, Any] = {
                "timeout": 10.0,
                "port": hosts[0].port if hosts else 1,
                "permitted": local,
            } | more
            direct = Direct(dns.address, **settings)
            connection = direct.connect()
            await act(direct, connection)
            await connection.close()

    asyncio.run(main())


def sent(dns: NameServer, hosts: Sequence[Host], *parcels: Parcel, **more: Any) -> list[Outcome]:
    """What becomes of messages that go out one after the other on one connection, as a batch hands them over."""
    outcomes = []

    async def act(_: Direct, connection: DirectConnection) -> None:
        waiting = list(parcels or [parcel()])
        announced: list[Parcel] = []

        def following() -> Parcel | None:
            announced.extend(waiting[:1])
            del waiting[:1]
            return announced[0] if announced else None

        while announced or waiting:
            outcomes.append(await connection.send((announced or waiting).pop(0), nobody, following))

    trial(dns, hosts, act, **more)
    return outcomes
