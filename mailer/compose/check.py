"""What is wrong with an edition: errors, which keep it from being approved, and warnings, which a person weighs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from enum import StrEnum
from itertools import combinations

from mailer.chinese import width
from mailer.compose.blocks import FRONT
from mailer.compose.glossary import lost_terms, protected, wrong_forms
from mailer.compose.hans import convert
from mailer.compose.shown import lacking, policy, whole, written
from mailer.compose.status import Status, status
from mailer.errors import InvalidError
from mailer.i18n import N_, SUBJECT_JOINT, languages, modes, self_name
from mailer.model import Block, Edition, Fallback


class Severity(StrEnum):
    """Whether it keeps an edition from being approved."""

    ERROR = "error"
    WARNING = "warning"


class Fault(StrEnum):
    """What is wrong."""

    UNWRITTEN = "unwritten"
    MISSING = "missing"
    OUTDATED = "outdated"
    DRAFT = "draft"
    MACHINE = "machine"
    BORROWED = "borrowed"
    OMITTED = "omitted"
    FORBIDDEN = "forbidden"
    LOST = "lost"
    UNCONVERTED = "unconverted"
    SUBJECT_WIDTH = "subject_width"
    PREHEADER_WIDTH = "preheader_width"


_ERRORS = {Fault.UNWRITTEN, Fault.MISSING, Fault.OUTDATED, Fault.DRAFT}
_SENTENCES = {
    Fault.UNWRITTEN: N_("Block %(block)s has no text in %(language)s: write it first."),
    Fault.MISSING: N_("Block %(block)s has no text for %(field)s in %(language)s: write it first."),
    Fault.OUTDATED: N_(
        "Block %(block)s has changed since it was translated into %(language)s: bring the translation up to date first."
    ),
    Fault.DRAFT: N_("Block %(block)s is still marked as a draft in %(language)s: finish it first."),
    Fault.MACHINE: N_("Block %(block)s was translated into %(language)s by a machine, and nobody has read it through."),
    Fault.BORROWED: N_(
        "Block %(block)s is not complete in %(language)s: its readers get it in %(other)s, with a notice."
    ),
    Fault.OMITTED: N_("Block %(block)s is not complete in %(language)s: its readers do not get it."),
    Fault.FORBIDDEN: N_("Block %(block)s says “%(word)s” in %(language)s; the glossary wants “%(term)s”."),
    Fault.LOST: N_(
        "Block %(block)s speaks of “%(word)s”, and its text in %(language)s lacks “%(term)s”, as the glossary has it."
    ),
    Fault.UNCONVERTED: N_(
        "Block %(block)s keeps %(characters)s in %(language)s: converted, few devices could show it."
        " Reword that place, or add a term to the glossary."
    ),
    Fault.SUBJECT_WIDTH: N_(
        "The subject in %(language)s is %(width)s columns wide, and inboxes cut off what exceeds %(most)s"
        " (a Chinese character takes two)."
    ),
    Fault.PREHEADER_WIDTH: N_(
        "The preheader in %(language)s is %(width)s columns wide; inboxes show %(least)s to %(most)s well"
        " (a Chinese character takes two)."
    ),
}

# Columns, of which Han takes two: a subject in one language, two of them joined, a preheader of 35 to 50 Han.
_SUBJECT, _SUBJECTS = 40, 60
_PREHEADER = range(70, 101)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and where it is: ``locale`` may be a mode of two languages. ``values``: what its sentence says."""

    fault: Fault
    block: str
    field: str
    locale: str
    values: Mapping[str, object] = attribute(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Whether it keeps an edition from being approved."""
        return Severity.ERROR if self.fault in _ERRORS else Severity.WARNING

    @property
    def error(self) -> InvalidError:
        """The same as the refusal of an edition."""
        language = " + ".join(map(self_name, languages(self.locale)))
        values = {"block": self.block, "field": self.field, "language": language, **self.values}
        return InvalidError(_SENTENCES[self.fault], **values)

    def say(self, translate: Callable[[str], str]) -> str:
        """Its sentence in the language of ``translate`` (a gettext function)."""
        return self.error.say(translate)


Outdated = tuple[str, str]
"""A text that is out of date: the key of its block, its language."""


def findings(edition: Edition) -> list[Finding]:
    """Everything that is wrong with an edition, in reading order."""
    found = [finding for block in edition.blocks for finding in _of_block(edition, block)]
    return [*found, *_widths(edition)]


def demand_complete(edition: Edition, acknowledged: Collection[Outdated] = ()) -> list[Outdated]:
    """Raise InvalidError for the first error; the outdated texts that go out all the same, since they were named."""
    let_go = []
    for found in findings(edition):
        where = (found.block, found.locale)
        if found.fault is Fault.OUTDATED and where in acknowledged:
            let_go.append(where)
        elif found.severity is Severity.ERROR:
            raise found.error
    return let_go


def _of_block(edition: Edition, block: Block) -> Iterator[Finding]:
    for locale in edition.locales:
        match status(edition, block, locale):
            case Status.MISSING:
                yield from _missing(edition, block, locale)
            case Status.OUTDATED:
                yield Finding(Fault.OUTDATED, block.key, "", locale)
            case Status.DRAFT:
                yield Finding(Fault.DRAFT, block.key, "", locale)
            case Status.MACHINE:
                yield Finding(Fault.MACHINE, block.key, "", locale)
            case _:
                pass
        yield from _terms(edition, block, locale)
    for tag in edition.derived:
        yield from _unconverted(edition, block, tag)


def _terms(edition: Edition, block: Block, locale: str) -> Iterator[Finding]:
    """Where a text is not as the glossary has it."""
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


def _widths(edition: Edition) -> Iterator[Finding]:
    """Lines that an inbox does not show well."""
    front = next(block for block in edition.blocks if block.type == FRONT)
    written = {tag: text for tag in edition.locales if (text := front.text(tag))}
    subjects = {tag: width(text["subject"]) for tag, text in written.items() if "subject" in text}
    for tag, columns in subjects.items():
        if columns > _SUBJECT:
            yield Finding(Fault.SUBJECT_WIDTH, FRONT, "subject", tag, {"width": columns, "most": _SUBJECT})
    for one, other in combinations(subjects, 2):
        both = width(SUBJECT_JOINT) + subjects[one] + subjects[other]
        if both > _SUBJECTS and f"{one}+{other}" in modes(edition.locales):
            yield Finding(Fault.SUBJECT_WIDTH, FRONT, "subject", f"{one}+{other}", {"width": both, "most": _SUBJECTS})
    for tag, text in written.items():
        columns = width(text.get("preheader", ""))
        if columns and columns not in _PREHEADER:
            edges = {"width": columns, "least": _PREHEADER[0], "most": _PREHEADER[-1]}
            yield Finding(Fault.PREHEADER_WIDTH, FRONT, "preheader", tag, edges)


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
