"""What signs the mails of each sender's domain, and whether receivers find it in the DNS."""

from collections.abc import Sequence

from mailer import zone
from mailer.doctor.check import Check, State, failed, fine, look
from mailer.errors import MisconfiguredError
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.vault import Algorithm, DkimKey, KeyState
from mailer.zone import Record


def signing(house: Installation, domains: Sequence[str]) -> list[Check]:
    """How each domain's mails are signed, then how each key's record stands."""
    if house.settings.sign == "off":
        return [fine("signing", "", N_("MAILER_SIGN is off: the relay has to sign"))]
    keys = [key for key in house.keys.dkim if key.state is not KeyState.RETIRED]
    records = zone.records(house.settings.dns, keys)
    return [
        *(_signers(house, domain) for domain in domains),
        *(_record(key, record) for key, record in zip(keys, records, strict=True)),
    ]


def _signers(house: Installation, domain: str) -> Check:
    try:
        algorithms = {key.algorithm for key in house.signing(domain)}
    except MisconfiguredError as error:
        return failed("signing", domain, error)
    if not algorithms:
        return look(
            "signing",
            domain,
            N_("Mails leave unsigned, which large providers refuse: mailer keys dkim new %(domain)s makes a key"),
            domain=domain,
        )
    if algorithms == {Algorithm.ED25519}:
        return look(
            "signing",
            domain,
            N_("Ed25519 alone signs for %(domain)s: many receivers cannot verify it. Use an RSA key beside it."),
            domain=domain,
        )
    return fine("signing", domain, N_("signed by %(algorithms)s"), algorithms=", ".join(sorted(algorithms)))


def _record(key: DkimKey, record: Record) -> Check:
    """How the record stands of a key that signs; of one that is to follow, what it waits for."""
    about = key.record_name
    if record is Record.UNASKED:
        return look("dkim", about, N_("MAILER_DNS is off, so nobody was asked whether the record is there."))
    fault = zone.wrong(record, key)
    if key.state is KeyState.NEXT:
        if fault:
            return look("dkim", about, N_("This key waits, and does not sign yet. %(why)s"), why=fault)
        return look(
            "dkim",
            about,
            N_("This key waits, and its record is published: mailer keys dkim use %(domain)s %(selector)s"),
            domain=key.domain,
            selector=key.selector,
        )
    if not fault:
        return fine("dkim", about, N_("the DNS has its record"))
    return Check("dkim", about, State.LOOK if record is Record.SILENT else State.BROKEN, fault)
