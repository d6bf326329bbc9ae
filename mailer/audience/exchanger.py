"""Who takes mail for a domain, as the DNS says: asked for many domains at once, within bounds, and never a fault.

A silent server, one that answers rubbish or leads in circles, costs the time of one question and
tells nothing.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from dns import name, rdatatype, resolver
from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.rdtypes.ANY.MX import MX

from mailer import log, url
from mailer.audience.provider import OTHER, known

_SECONDS = 3.0
_DATAGRAM = 1232
"""The octets that a datagram may carry anywhere unbroken (DNS Flag Day 2020)."""
_LEAST = 7 * 86400
"""Each question tells a name server of a reader's domain: so no sooner than after a week, whatever the record says."""
_MOST = 30 * 86400
_AGAIN = 6 * 3600


@dataclass(frozen=True, slots=True)
class Found:
    """A domain's provider, None where nothing was told; for how many seconds that holds.

    ``null_mx``: the domain says that it takes no mail at all (RFC 7505).
    """

    provider: str | None = None
    null_mx: bool = False
    seconds: int = _AGAIN


def ask(server: str, domains: Iterable[str]) -> dict[str, Found]:
    """Ask for each of ``domains``, all at once; ``server`` is MAILER_DNS, other than ``off``. Ends within 3 s.

    Domains are canonical. What was not answered is said in one line of the log, without a name.
    """
    wanted = list(domains)
    try:
        found = asyncio.run(_ask(_resolver(server), wanted))
    except resolver.NoResolverConfiguration:
        found = [Found()] * len(wanted)
    if silent := sum(answer.provider is None for answer in found):
        log.logger().warning("dns.silent", domains=silent, of=len(wanted))
    return dict(zip(wanted, found, strict=True))


def _resolver(server: str) -> Resolver:
    asked = Resolver(configure=server == "system")
    if server != "system":
        address, asked.port = url.name_server(server)
        asked.nameservers = [address]
    asked.use_edns(0, 0, _DATAGRAM)
    return asked


async def _ask(asked: Resolver, domains: list[str]) -> list[Found]:
    return await asyncio.gather(*(_found(asked, domain) for domain in domains))


async def _found(asked: Resolver, domain: str) -> Found:
    try:
        async with asyncio.timeout(_SECONDS):
            answer = await asked.resolve(name.from_text(domain), rdatatype.MX, lifetime=_SECONDS)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        # Without a record the domain takes its mail itself, if at all (RFC 5321 §5.1).
        return Found(OTHER, seconds=_LEAST)
    except (DNSException, OSError):
        return Found()
    records = [record for record in answer if isinstance(record, MX)]
    seconds = min(max(answer.rrset.ttl if answer.rrset else 0, _LEAST), _MOST)
    null = [record.exchange for record in records] == [name.root]
    return Found(_provider(records), null_mx=null, seconds=seconds)


def _provider(records: list[MX]) -> str:
    """The group of the exchangers that are tried first (RFC 5321 §5.1); of several, the first whose group is known."""
    first = min(record.preference for record in records)
    names = sorted(_text(record.exchange) for record in records if record.preference == first)
    return next((provider for one in names if (provider := known(one))), OTHER)


def _text(exchanger: name.Name) -> str:
    """A host's name in small letters; nothing for what is none, such as one with a dot inside a label."""
    text = exchanger.to_text(omit_final_dot=True).lower()
    return "" if "\\" in text else text
