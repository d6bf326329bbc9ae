"""Who takes mail for a domain, as the DNS says: asked for many domains at once, within bounds, and never a fault."""

from collections.abc import Iterable
from dataclasses import dataclass

from dns import name, rdatatype
from dns.rdtypes.ANY.MX import MX
from dns.rrset import RRset

from mailer import log, resolver
from mailer.audience.provider import OTHER, known

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
    answers = resolver.ask(server, wanted, rdatatype.MX)
    found = {domain: _found(answers[domain]) if domain in answers else Found() for domain in wanted}
    if silent := sum(answer.provider is None for answer in found.values()):
        log.logger().warning("dns.silent", domains=silent, of=len(wanted))
    return found


def _found(answer: RRset | None) -> Found:
    if answer is None:
        # Without a record the domain takes its mail itself, if at all (RFC 5321 §5.1).
        return Found(OTHER, seconds=_LEAST)
    records = [record for record in answer if isinstance(record, MX)]
    seconds = min(max(answer.ttl, _LEAST), _MOST)
    null = [record.exchange for record in records] == [name.root]
    return Found(_provider(records), null_mx=null, seconds=seconds)


def _provider(records: list[MX]) -> str:
    """The group of the exchangers that are tried first (RFC 5321 §5.1); of several, the first whose group is known."""
    first = min(record.preference for record in records)
    names = sorted(resolver.host_name(record.exchange) for record in records if record.preference == first)
    return next((provider for one in names if (provider := known(one))), OTHER)
