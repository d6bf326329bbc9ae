"""Mail straight to exchangers: which, in what order, and what becomes of it where none is to be had."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.nameserver import Answer, NameServer, records, serving
from tests.worker.mailhost import Host
from worker.transport import Fate, Outcome, Parcel
from worker.transport.direct import Direct, DirectConnection

FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"
READER = "mei@school.edu.hk"
DOMAIN = "school.edu.hk"


def parcel(recipient: str = READER, number: int = 1) -> Parcel:
    return Parcel(number, "returns@news.example", recipient, b"Subject: %d\r\n\r\nhello\r\n" % number, dotless=True)


def nothing() -> None:
    """No body is held back."""


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with serving() as server:
        yield server


def mx(*hosts: str) -> Answer:
    return records(*(f"MX {host}" for host in hosts))


@dataclass
class Post:
    """Exchangers at several addresses, all of one port, as a connection of ours sees them."""

    hosts: Sequence[Host]
    direct: Direct

    def took(self) -> list[int]:
        return [len(host.letters) for host in self.hosts]


def trial(
    dns: NameServer,
    hosts: Sequence[Host],
    act: Callable[[Post, DirectConnection], Awaitable[None]],
    *,
    timeout: float = 10.0,
    permitted: Callable[[str], bool] = lambda address: address.startswith("127."),
) -> None:
    """Have ``hosts`` listen, and ``act`` on one connection."""

    async def main() -> None:
        async with AsyncExitStack() as open_:
            for host in hosts:
                host.port = host.port or hosts[0].port
                await open_.enter_async_context(host)
            port = hosts[0].port if hosts else 1
            post = Post(hosts, Direct(dns.address, timeout, port=port, permitted=permitted))
            connection = post.direct.connect()
            await act(post, connection)
            await connection.close()

    asyncio.run(main())


def outcome_of(dns: NameServer, *hosts: Host, timeout: float = 10.0, recipient: str = READER) -> Outcome:
    """What becomes of one message."""
    outcomes = []

    async def act(_: Post, connection: DirectConnection) -> None:
        outcomes.append(await connection.send(parcel(recipient), nothing))

    trial(dns, hosts, act, timeout=timeout)
    return outcomes[0]


def test_the_exchanger_of_the_smallest_preference_takes_the_mail(dns: NameServer) -> None:
    dns.answers = {
        DOMAIN: mx("20 second.hk.", "10 first.hk."),
        "first.hk": records(f"A {FIRST}"),
        "second.hk": records(f"A {SECOND}"),
    }
    hosts = Host(address=FIRST), Host(address=SECOND)
    assert outcome_of(dns, *hosts).fate is Fate.SENT
    assert [len(host.letters) for host in hosts] == [1, 0]
    assert hosts[0].letters[0].recipient == READER
