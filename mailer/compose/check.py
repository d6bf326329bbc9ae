"""What keeps an edition from being sent: texts that are missing or outdated in one of its languages."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mailer.compose.edition import outdated
from mailer.compose.shown import applies, lacking, policy, whole
from mailer.errors import InvalidError
from mailer.i18n import N_, self_name
from mailer.model import Block, Edition, Fallback


class Fault(StrEnum):
    """What is wrong with a text."""

    MISSING = "missing"
    OUTDATED = "outdated"


_SENTENCES = {
    Fault.MISSING: N_("Block %(block)s has no text for %(field)s in %(language)s: write it first."),
    Fault.OUTDATED: N_(
        "Block %(block)s has changed since it was translated into %(language)s: bring the translation up to date first."
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and where it is."""

    fault: Fault
    block: str
    field: str
    locale: str


def findings(edition: Edition) -> list[Finding]:
    """Every fault of an edition, in reading order."""
    return [finding for block in edition.blocks for finding in _of_block(edition, block)]


def _of_block(edition: Edition, block: Block) -> Iterator[Finding]:
    for locale in edition.locales:
        if not applies(block, locale):
            continue
        if policy(edition, block) is Fallback.REFUSE:
            yield from (Finding(Fault.MISSING, block.key, name, locale) for name in lacking(edition, block, locale))
        if outdated(edition, block, locale):
            yield Finding(Fault.OUTDATED, block.key, "", locale)
    if policy(edition, block) is Fallback.NOTICE and not whole(edition, block):
        source = edition.source_locale
        yield from (Finding(Fault.MISSING, block.key, name, source) for name in lacking(edition, block, source))


def demand_complete(edition: Edition) -> None:
    """Raise InvalidError for the first fault."""
    for found in findings(edition):
        raise InvalidError(
            _SENTENCES[found.fault], block=found.block, field=found.field, language=self_name(found.locale)
        )
