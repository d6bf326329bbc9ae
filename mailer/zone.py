"""What the DNS publishes of the keys that sign, against what it should."""

from collections.abc import Sequence
from enum import StrEnum

from dns import rdatatype
from dns.rrset import RRset

from mailer import log, resolver
from mailer.errors import MisconfiguredError, Term
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.vault import DkimKey, KeyState


class Record(StrEnum):
    """How a key's record stands in the DNS."""

    PUBLISHED = "published"
    MISSING = "missing"
    DIFFERENT = "different"
    REVOKED = "revoked"
    """It says so by an empty ``p=`` (RFC 6376 §3.6.1): what the key signs counts as forged."""
    SILENT = "silent"
    UNASKED = "unasked"


_WRONG = {
    Record.MISSING: N_("The DNS has no record %(name)s: publish it, and wait until it is seen everywhere."),
    Record.DIFFERENT: N_(
        "What the DNS has at %(name)s is not this key's record, or not that alone: publish what mailer keys dkim shows."
    ),
    Record.REVOKED: N_(
        "The DNS says at %(name)s that this key is revoked (an empty p=): publish what mailer keys dkim shows,"
        " or use another key."
    ),
    Record.SILENT: N_("The DNS did not answer for %(name)s."),
}


def records(server: str, keys: Sequence[DkimKey]) -> list[Record]:
    """How each key's record stands, all asked for at once; ``server`` is MAILER_DNS. Ends within 3 s."""
    if server == "off":
        return [Record.UNASKED] * len(keys)
    answers = resolver.ask(server, [key.record_name for key in keys], rdatatype.TXT)
    return [_compared(key, answers[key.record_name]) if key.record_name in answers else Record.SILENT for key in keys]


def wrong(record: Record, key: DkimKey) -> Term | None:
    """What is wrong with a key's record, in words; None where nothing is, or nobody was asked."""
    return Term(_WRONG[record], name=key.record_name) if record in _WRONG else None


def look(house: Installation) -> None:
    """Say in the log which keys sign although receivers do not find them, and which are damaged.

    Nobody is stopped: mail goes without a record, and waits where its key can sign nothing.
    """
    if house.settings.sign == "off":
        return
    keys = [key for key in house.keys.dkim if key.state is KeyState.SIGNING]
    for domain in sorted({key.domain for key in keys}):
        try:
            house.signing(domain)
        except MisconfiguredError as error:
            log.logger().error("dkim.key", why=str(error))
    for key, record in zip(keys, records(house.settings.dns, keys), strict=True):
        if found := wrong(record, key):
            log.logger().warning("dkim.record", why=str(found))


def _compared(key: DkimKey, answer: RRset | None) -> Record:
    """More than one record at a name, and nobody knows which counts (RFC 6376 §3.6.2.2)."""
    found = resolver.texts(answer)
    if not found:
        return Record.MISSING
    said, wanted = [_tags(text) for text in found], _tags(key.record_value)
    if said == [wanted]:
        return Record.PUBLISHED
    revoked = len(said) == 1 and (said[0]["v"], said[0]["p"]) == (wanted["v"], "")
    return Record.REVOKED if revoked else Record.DIFFERENT


def _tags(text: str) -> dict[str, str | None]:
    """What a record says (RFC 6376 §3.2, §3.6.1), whatever its spaces and whatever it says of other uses."""
    pairs = [tag.partition("=") for tag in text.split(";") if tag.strip()]
    tags = {name.strip(): "".join(value.split()) for name, _, value in pairs}
    return {"v": tags.get("v", "DKIM1"), "k": tags.get("k", "rsa"), "p": tags.get("p")}
