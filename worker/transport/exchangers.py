"""The exchangers of a domain: who takes its mail, in their order, and where they are (RFC 5321 §5.1)."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from dns import name, rdatatype
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from mailer.reply import CLASSES, SILENT, UNCLEAR
from mailer.resolver import Answer, host_name
from worker.transport import Fate, Outcome
from worker.transport.names import Names

_MOST = 5
"""However many there are: more than that are not tried for one message anyway."""


class NowhereError(Exception):
    """There is nobody to hand a domain's mail to, for now or for good: ``outcome`` says which."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Exchanger:
    """``preference``: the smaller, the sooner it is tried. ``addresses``: in the order in which to try them."""

    host: str
    preference: int
    addresses: tuple[str, ...]


async def exchangers(names: Names, domain: str, permitted: Callable[[str], bool]) -> list[Exchanger]:
    """The first few exchangers of a domain (A-labels) that have an address which is ``permitted``.

    Raises NowhereError where there is none: for good only if the DNS says so itself.
    """
    answer = await names.ask(domain, rdatatype.MX)
    if answer is None:
        raise _silent("the DNS does not say who takes mail for the domain")
    if not answer.exists:
        raise _gone("the domain does not exist", enhanced="5.1.2")
    if answer.records is None:
        return [await _implicit(names, domain, permitted)]
    records = [record for record in answer.records if isinstance(record, MX)]
    if [record.exchange for record in records] == [name.root]:
        raise _gone("the domain takes no mail (null MX)", code=556, enhanced="5.1.10")
    # Equal ones share the load.
    hosts = sorted((record.preference, random.random(), host_name(record.exchange)) for record in records)  # noqa: S311
    chosen = [(preference, host) for preference, _, host in hosts if host][:_MOST]
    found = await asyncio.gather(*(_addresses(names, host) for _, host in chosen))
    placed = [
        Exchanger(host, preference, _permitted(addresses, permitted))
        for (preference, host), addresses in zip(chosen, found, strict=True)
    ]
    if usable := [exchanger for exchanger in placed if exchanger.addresses]:
        return usable
    if None in found:
        raise _silent("the DNS does not say where the domain's exchangers are")
    raise _nowhere("none of the domain's exchangers has a public address")


async def _implicit(names: Names, domain: str, permitted: Callable[[str], bool]) -> Exchanger:
    """The domain itself, which takes its mail where it names nobody else."""
    found = await _addresses(names, domain)
    if found is None:
        raise _silent("the DNS does not say where the domain is")
    if not found:
        raise _gone("the domain names nobody who takes its mail, and has no address", enhanced="5.1.2")
    if addresses := _permitted(found, permitted):
        return Exchanger(domain, 0, addresses)
    raise _nowhere("the domain has no public address")


async def _addresses(names: Names, host: str) -> list[str] | None:
    """A host's addresses; None where nothing is told of one kind, and there is none of the other.

    The old kind comes first: what is known for or against a sender is mostly known of that.
    """
    four, six = await asyncio.gather(names.ask(host, rdatatype.A), names.ask(host, rdatatype.AAAA))
    found = [*_read(four, A), *_read(six, AAAA)]
    return None if not found and (four is None or six is None) else found


def _read(answer: Answer | None, kind: type[A] | type[AAAA]) -> list[str]:
    records = list(answer.records or ()) if answer else []
    random.shuffle(records)
    return [record.address for record in records if isinstance(record, kind)]


def _permitted(addresses: list[str] | None, permitted: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(address for address in addresses or () if permitted(address))


def _silent(why: str) -> NowhereError:
    return NowhereError(Outcome(Fate.DEFERRED, reply=why, kind=SILENT, unreached=True))


def _nowhere(why: str) -> NowhereError:
    """It may be mended."""
    return NowhereError(Outcome(Fate.DEFERRED, reply=why, kind=UNCLEAR))


def _gone(why: str, enhanced: str, code: int | None = None) -> NowhereError:
    return NowhereError(Outcome(Fate.FAILED, code, enhanced, why, kind=CLASSES["domain-gone"]))
