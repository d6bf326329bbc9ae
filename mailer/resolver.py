"""Asking the DNS: many names at once, within bounds, and never a fault.

A silent server, one that answers rubbish or leads in circles, costs the time of one question and
tells nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from dns import name, rcode, rdatatype, resolver
from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT
from dns.rrset import RRset

from mailer import url

SECONDS = 3.0
_DATAGRAM = 1232
"""The octets that a datagram may carry anywhere unbroken (DNS Flag Day 2020)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was told of a name: its records of one kind, None where there are none.

    ``exists``: whether there is such a name at all; ``seconds``: for how long all this holds.
    """

    records: RRset | None
    exists: bool
    seconds: int


def ask(server: str, names: Sequence[str], kind: RdataType) -> dict[str, RRset | None]:
    """The records of that kind by name, None where there are none; what was not answered is left out.

    ``server`` is MAILER_DNS, other than ``off``. Ends within 3 s.
    """
    answers = asyncio.run(_ask(server, names, kind))
    return {asked: answer.records for asked, answer in zip(names, answers, strict=True) if answer}


async def look_up(server: str, wanted: str, kind: RdataType) -> Answer | None:
    """The same for one name; None where nothing was told. Ends within 3 s."""
    return (await _ask(server, [wanted], kind))[0]


async def stands(server: str) -> bool:
    """Whether ``server`` itself answers: for the root, of which all know without asking for long. Ends within 3 s."""
    try:
        async with asyncio.timeout(SECONDS):
            await _resolver(server).resolve(name.root, rdatatype.NS, lifetime=SECONDS)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return True
    except resolver.NoNameservers as silence:
        # Some tell nobody of the root, and say so. What fails at it has nobody to ask.
        answers = [error[-1] for error in silence.kwargs["errors"]]
        return any(answer is not None and answer.rcode() == rcode.REFUSED for answer in answers)
    except (DNSException, OSError):
        return False
    return True


def host_name(host: name.Name) -> str:
    """A host's name in small letters; nothing for what is none, such as the root or one with a dot inside a label."""
    text = host.to_text(omit_final_dot=True).lower()
    return "" if "\\" in text or host == name.root else text


def texts(records: RRset | None) -> list[str]:
    """What TXT records say, the strings of each joined (RFC 7208 §3.3)."""
    return [b"".join(each.strings).decode("utf-8", "replace") for each in records or () if isinstance(each, TXT)]


def _resolver(server: str) -> Resolver:
    asked = Resolver(configure=server == "system")
    if server != "system":
        address, asked.port = url.name_server(server)
        asked.nameservers = [address]
    asked.use_edns(0, 0, _DATAGRAM)
    return asked


async def _ask(server: str, names: Sequence[str], kind: RdataType) -> list[Answer | None]:
    try:
        asked = _resolver(server)
    except resolver.NoResolverConfiguration:
        return [None] * len(names)
    return await asyncio.gather(*(_answer(asked, each, kind) for each in names))


async def _answer(asked: Resolver, wanted: str, kind: RdataType) -> Answer | None:
    """What was answered, if anything was."""
    try:
        async with asyncio.timeout(SECONDS):
            found = await asked.resolve(name.from_text(wanted), kind, lifetime=SECONDS, raise_on_no_answer=False)
    except resolver.NXDOMAIN as error:
        held = min(answer.resolve_chaining().minimum_ttl for answer in error.kwargs["responses"].values())
        return Answer(None, exists=False, seconds=held)
    except (DNSException, OSError):
        return None
    return Answer(found.rrset, exists=True, seconds=found.chaining_result.minimum_ttl)
