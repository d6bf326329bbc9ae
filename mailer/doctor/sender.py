"""The domains that mail comes from: whether receivers may believe it, and whether an answer finds its way back."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dns import name, rdatatype
from dns.rdtypes.ANY.MX import MX
from dns.rrset import RRset
from sqlalchemy import select

from mailer import resolver
from mailer.audience.address import domain
from mailer.doctor.check import Check, Name, fine, look
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.model import Newsletter
from mailer.vault import KeyState

Answers = Mapping[str, RRset | None]


class Domains(NamedTuple):
    """Those that newsletters are sent from, by the name that readers see and by the one that bounces go to."""

    seen: list[str]
    returned: list[str]


def domains(house: Installation) -> Domains:
    """Of all newsletters; before there is one, of the keys that were made for it."""
    with house.database.read() as session:
        found = session.execute(select(Newsletter.sender_address, Newsletter.return_address)).all()
    keys = [key.domain for key in house.keys.dkim if key.state is not KeyState.RETIRED]
    seen = sorted({domain(sender) for sender, _ in found} or set(keys))
    return Domains(seen, sorted({domain(back) for _, back in found} or set(keys)))


def believed(house: Installation, senders: Domains) -> list[Check]:
    """SPF (RFC 7208) of the domain that mail is returned to, DMARC (RFC 9989) of the one that readers see."""
    policies = {each: _policies(each) for each in senders.seen}
    wanted = [*senders.returned, *(place for places in policies.values() for place in places)]
    records = resolver.ask(house.settings.dns, wanted, rdatatype.TXT)
    return [
        *(_spf(each, records) for each in senders.returned),
        *(_dmarc(each, places, records) for each, places in policies.items()),
    ]


def answerable(house: Installation, senders: Domains) -> list[Check]:
    """Whether what is sent back to a domain comes in anywhere (RFC 5321 §5.1, RFC 7505)."""
    wanted = sorted({*senders.seen, *senders.returned})
    kinds = (rdatatype.MX, rdatatype.A, rdatatype.AAAA)
    exchangers, *addresses = (resolver.ask(house.settings.dns, wanted, kind) for kind in kinds)
    return [_mail(each, exchangers, addresses) for each in wanted]


def _spf(of: str, records: Answers) -> Check:
    if of not in records:
        return _silent("spf", of)
    found = [text for text in resolver.texts(records[of]) if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        return look("spf", of, N_("There is no SPF record: publish a TXT record that names the servers of your relay"))
    if len(found) > 1:
        return look("spf", of, N_("There are several SPF records, so none of them counts: make them one"))
    if found[0].lower().split() == ["v=spf1", "-all"]:
        return look("spf", of, N_("SPF says that nobody may send from here: name the servers of your relay in it"))
    return fine("spf", of, N_("there is an SPF record"))


def _dmarc(of: str, places: Sequence[str], records: Answers) -> Check:
    for place in places:
        if place not in records:
            return _silent("dmarc", of)
        texts = resolver.texts(records[place])
        found = [text for text in texts if text.replace(" ", "").lower().split(";")[0] == "v=dmarc1"]
        if len(found) > 1:
            return look(
                "dmarc", of, N_("There are several records at %(place)s, so none counts: make them one"), place=place
            )
        if found:
            return fine("dmarc", of, N_("there is a DMARC record, at %(place)s"), place=place)
    return look(
        "dmarc",
        of,
        N_("There is no DMARC record, which large providers want: publish TXT v=DMARC1; p=none at %(place)s"),
        place=places[0],
    )


def _policies(of: str) -> list[str]:
    """Where a domain's policy may stand: at its own name, else above it (RFC 9989 §4.10); top levels are left out."""
    labels = of.split(".")
    return [f"_dmarc.{'.'.join(labels[at:])}" for at in range(len(labels) - 1)]


def _mail(of: str, exchangers: Answers, addresses: Sequence[Answers]) -> Check:
    if of not in exchangers:
        return _silent("mx", of)
    records = [record.exchange for record in exchangers[of] or () if isinstance(record, MX)]
    if records == [name.root]:
        return look("mx", of, N_("It says that it takes no mail (null MX), so replies and bounces are lost"))
    if records:
        return fine("mx", of, N_("replies find a way back (MX)"))
    if any(answers.get(of) for answers in addresses):
        return fine("mx", of, N_("replies find a way back (its own address)"))
    if any(of not in answers for answers in addresses):
        return _silent("mx", of)
    return look("mx", of, N_("Nobody takes mail for it, so replies and bounces are lost: publish an MX record"))


def _silent(record: Name, about: str) -> Check:
    return look(record, about, N_("The DNS did not answer for %(name)s."), name=about)
