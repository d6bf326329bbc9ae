"""How far each text has come: missing, outdated, read by nobody; and what only some languages say."""

from collections.abc import Iterator

from mailer.compose.blocks import Kind, fields_of
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Reading
from mailer.compose.shown import lacking, policy, whole
from mailer.compose.status import Status, status
from mailer.i18n import self_name
from mailer.model import Block, Edition, Fallback

_FAULTS = {
    Status.OUTDATED: Fault.OUTDATED,
    Status.DRAFT: Fault.DRAFT,
    Status.MACHINE: Fault.MACHINE,
    Status.TRANSLATED: Fault.UNREVIEWED,
}


def check(reading: Reading) -> Iterator[Finding]:
    """Texts that are missing, or that somebody still has work with."""
    edition = reading.edition
    for block in edition.blocks:
        for locale in edition.locales:
            match status(edition, block, locale):
                case Status.MISSING:
                    yield from _missing(edition, block, locale)
                case Status.TRANSLATED if locale == edition.source_locale:
                    pass
                case stands if stands in _FAULTS:
                    yield Finding(_FAULTS[stands], block.key, "", locale)
        yield from _alone(edition, block)


def _missing(edition: Edition, block: Block, locale: str) -> Iterator[Finding]:
    """What a language lacks, or what its readers get in its place."""
    wish, others = policy(edition, block), whole(edition, block)
    if wish is Fallback.NOTICE and others:
        yield Finding(Fault.BORROWED, block.key, "", locale, {"other": self_name(others[0])})
    elif wish is Fallback.OMIT:
        yield Finding(Fault.OMITTED, block.key, "", locale)
    elif block.text(locale):
        yield from (Finding(Fault.MISSING, block.key, name, locale) for name in lacking(edition, block, locale))
    else:
        yield Finding(Fault.UNWRITTEN, block.key, "", locale)


def _alone(edition: Edition, block: Block) -> Iterator[Finding]:
    """What a language may have for itself, and yet seldom should: a unit, a sender. How long one reads differs."""
    written = whole(edition, block)
    for name, field in fields_of(block).items():
        has = [tag for tag in written if name in block.text(tag)]
        if has and field.alone and field.kind is not Kind.NUMBER:
            yield from (
                Finding(Fault.ALONE, block.key, name, tag, {"other": self_name(has[0])})
                for tag in written
                if tag not in has
            )
