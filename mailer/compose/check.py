"""What keeps an edition from being sent: texts that are missing or outdated in one of its languages."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mailer.compose.blocks import fields_of
from mailer.compose.edition import outdated
from mailer.errors import InvalidError
from mailer.i18n import CONTENT, N_
from mailer.model import Block, Edition


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
    fields = fields_of(block)
    # A field that one language has, each must have: no block mixes languages.
    wanted = [name for name, must in fields.items() if must or any(name in text.fields for text in block.texts)]
    for locale in edition.locales:
        present = block.text(locale)
        yield from (Finding(Fault.MISSING, block.key, name, locale) for name in wanted if name not in present)
        if outdated(edition, block, locale):
            yield Finding(Fault.OUTDATED, block.key, "", locale)


def demand_complete(edition: Edition) -> None:
    """Raise InvalidError for the first fault."""
    for found in findings(edition):
        raise InvalidError(
            _SENTENCES[found.fault], block=found.block, field=found.field, language=CONTENT[found.locale]
        )
