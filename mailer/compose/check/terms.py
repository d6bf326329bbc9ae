"""Where a text is not as the glossary has it, and what conversion to Simplified Chinese would have to keep."""

from collections.abc import Iterator

from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Reading
from mailer.compose.glossary import lost_terms, protected, wrong_forms
from mailer.compose.hans import convert
from mailer.compose.shown import written
from mailer.model import Block, Edition


def check(reading: Reading) -> Iterator[Finding]:
    """Forbidden forms, terms that a translation lacks, characters that nothing converts."""
    edition = reading.edition
    for block in edition.blocks:
        for locale in edition.locales:
            yield from _terms(edition, block, locale)
        for tag in edition.derived:
            yield from _unconverted(edition, block, tag)


def _terms(edition: Edition, block: Block, locale: str) -> Iterator[Finding]:
    terms, fields, source = edition.newsletter.terms, block.text(locale), edition.source_locale
    for name, word, term in wrong_forms(terms, fields, locale):
        yield Finding(Fault.FORBIDDEN, block.key, name, locale, {"word": word, "term": term})
    if fields and locale != source:
        for word, term in lost_terms(terms, block.text(source), source, fields, locale):
            yield Finding(Fault.LOST, block.key, "", locale, {"word": word, "term": term})


def _unconverted(edition: Edition, block: Block, tag: str) -> Iterator[Finding]:
    """Characters of a text that stay as they are in the language that it is converted into."""
    terms = protected(edition.newsletter.terms)
    for name, text in block.text(written(tag)).items():
        if kept := convert(text, terms).kept:
            yield Finding(Fault.UNCONVERTED, block.key, name, tag, {"characters": kept})
