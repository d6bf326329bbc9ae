"""Asking the DNS: many names at once, within bounds, and never a fault.

A silent server, one that answers rubbish or leads in circles, costs the time of one question and
tells nothing.
"""

import asyncio
from collections.abc import Sequence

from dns import name, resolver
from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.rdatatype import RdataType
from dns.rrset import RRset

from mailer import url

SECONDS = 3.0
_DATAGRAM = 1232
"""The octets that a datagram may carry anywhere unbroken (DNS Flag Day 2020)."""


def ask(server: str, names: Sequence[str], kind: RdataType) -> dict[str, RRset | None]:
    """The records of that kind by name, None where there are none; what was not answered is left out.

    ``server`` is MAILER_DNS, other than ``off``. Ends within 3 s.
    """
    try:
        answers = asyncio.run(_ask(_resolver(server), names, kind))
    except resolver.NoResolverConfiguration:
        return {}
    return {asked: answer[0] for asked, answer in zip(names, answers, strict=True) if answer}


def _resolver(server: str) -> Resolver:
    asked = Resolver(configure=server == "system")
    if server != "system":
        address, asked.port = url.name_server(server)
        asked.nameservers = [address]
    asked.use_edns(0, 0, _DATAGRAM)
    return asked


async def _ask(asked: Resolver, names: Sequence[str], kind: RdataType) -> list[tuple[RRset | None] | None]:
    return await asyncio.gather(*(_answer(asked, each, kind) for each in names))


async def _answer(asked: Resolver, wanted: str, kind: RdataType) -> tuple[RRset | None] | None:
    """What was answered, if anything was."""
    try:
        async with asyncio.timeout(SECONDS):
            return ((await asked.resolve(name.from_text(wanted), kind, lifetime=SECONDS)).rrset,)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return (None,)
    except (DNSException, OSError):
        return None
