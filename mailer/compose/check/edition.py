"""What is wrong with an edition, all checks together: errors keep it from being approved, warnings a person weighs."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from mailer.compose.check import (
    agreement,
    headings,
    hidden,
    inbox,
    links,
    pictures,
    scripts,
    spam,
    terms,
    texts,
    typography,
)
from mailer.compose.check.catalogue import Severity
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Reading
from mailer.i18n import languages
from mailer.model import Edition

_CHECKS: tuple[Callable[[Reading], Iterator[Finding]], ...] = (
    texts.check,
    terms.check,
    agreement.check,
    links.check,
    pictures.check,
    headings.check,
    typography.check,
    scripts.check,
    hidden.check,
    spam.check,
    inbox.check,
)


def findings(edition: Edition) -> list[Finding]:
    """Everything that is wrong with an edition's texts, in reading order."""
    reading = Reading(edition)
    return placed(edition, (finding for check in _CHECKS for finding in check(reading)))


def linked(edition: Edition) -> list[tuple[str, Finding]]:
    """Each http or https link of an edition, and the finding that it is where its page does not answer."""
    return list(links.asked_for(Reading(edition)))


def placed(edition: Edition, found: Iterable[Finding]) -> list[Finding]:
    """Findings with the texts that they speak of, in the order of the edition's blocks."""
    blocks = {block.key: (place, block) for place, block in enumerate(edition.blocks)}

    def texts_of(finding: Finding) -> tuple[Mapping[str, str], ...]:
        # A translation is judged by its source.
        tags = dict.fromkeys([edition.source_locale, *languages(finding.locale)])
        return tuple(blocks[finding.block][1].text(tag) for tag in tags) if finding.block else ()

    known = [replace(finding, texts=texts_of(finding)) for finding in found]
    return sorted(known, key=lambda finding: blocks[finding.block][0] if finding.block else len(blocks))


def demand_complete(edition: Edition, acknowledged: Collection[str] = ()) -> list[Finding]:
    """Raise InvalidError for the first error; those that a person lets pass, by the ``id`` of each, are given back.

    What cannot be acknowledged is raised all the same.
    """
    return demand(findings(edition), acknowledged)


def demand(found: Iterable[Finding], acknowledged: Collection[str] = ()) -> list[Finding]:
    """The same for findings at hand."""
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    for finding in errors:
        if not (finding.acknowledgeable and finding.id in acknowledged):
            raise finding.error
    return errors
