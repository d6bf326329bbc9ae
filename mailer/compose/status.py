"""How far each text of an edition has come, and what changed under a translation since it was made."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import Indel

from mailer.chinese import HAN
from mailer.compose.blocks import Field, Kind, fields_of
from mailer.compose.parsed import canonical, line
from mailer.compose.shown import applies, lacking, written
from mailer.i18n import N_
from mailer.model import Block, Edition, Text
from mailer.model.edition import TextStatus


class Status(StrEnum):
    """Where a block stands in one language. *Missing*, *outdated* and *not applicable* are derived, never stored."""

    NOT_APPLICABLE = "not_applicable"
    MISSING = "missing"
    OUTDATED = "outdated"
    DRAFT = TextStatus.DRAFT.value
    MACHINE = TextStatus.MACHINE.value
    TRANSLATED = TextStatus.TRANSLATED.value
    REVIEWED = TextStatus.REVIEWED.value
    APPROVED = TextStatus.APPROVED.value


STATUSES = {
    Status.NOT_APPLICABLE: N_("not applicable"),
    Status.MISSING: N_("missing"),
    Status.OUTDATED: N_("out of date"),
    Status.DRAFT: N_("unfinished"),
    Status.MACHINE: N_("by a machine"),
    Status.TRANSLATED: N_("translated"),
    Status.REVIEWED: N_("reviewed"),
    Status.APPROVED: N_("approved"),
}
"""What people call them."""


def status(edition: Edition, block: Block, tag: str) -> Status:
    """Where a block stands in a language; what is converted counts as a machine's, whoever wrote its origin."""
    if not applies(block, tag):
        return Status.NOT_APPLICABLE
    if lacking(edition, block, tag):
        return Status.MISSING
    found = _text(block, written(tag))
    if found is None:
        # There is nothing to write in it: a footer, a masthead without a strapline.
        return Status.NOT_APPLICABLE
    if outdated(edition, block, written(tag)):
        return Status.OUTDATED
    return Status.MACHINE if written(tag) != tag else Status(found.status)


def table(edition: Edition) -> dict[str, dict[str, Status]]:
    """``{block: {tag: status}}`` of a whole edition, in reading order."""
    tags = [*edition.locales, *edition.derived]
    return {block.key: {tag: status(edition, block, tag) for tag in tags} for block in edition.blocks}


def source_hash(fields: Mapping[str, str], known: Mapping[str, Field]) -> str:
    """What a translation was made from: SHA-256 of what the source says, so that its layout changes nothing."""
    parts = [f"{name}\0{_said(known.get(name), fields[name])}" for name in sorted(fields)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def outdated(edition: Edition, block: Block, locale: str) -> bool:
    """Whether the source has changed since this translation was made."""
    text = _text(block, locale)
    if text is None or locale == edition.source_locale:
        return False
    return text.source_hash != source_hash(block.text(edition.source_locale), fields_of(block))


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a source, as it was when it was translated and as it is; ``""`` where there was or is none."""

    field: str
    old: str
    new: str

    def runs(self) -> Iterator[tuple[str, str]]:
        """The difference in reading order: ``("equal" | "delete" | "insert", words)``."""
        old, new = _pieces(self.old), _pieces(self.new)
        removed = added = ""
        for step in Indel.opcodes(old, new):
            if step.tag == "equal":
                yield from _both(removed, added)
                removed = added = ""
                yield "equal", "".join(old[step.src_start : step.src_end])
            else:
                removed += "".join(old[step.src_start : step.src_end])
                added += "".join(new[step.dest_start : step.dest_end])
        yield from _both(removed, added)


def _both(removed: str, added: str) -> Iterator[tuple[str, str]]:
    """What went and what came in its place, in the order in which people read a correction."""
    yield from (run for run in (("delete", removed), ("insert", added)) if run[1])


def changes(edition: Edition, block: Block, locale: str) -> list[Change]:
    """What changed in the source since a translation was made, field by field; nothing where it is up to date."""
    text = _text(block, locale)
    if text is None or not outdated(edition, block, locale):
        return []
    old, new, known = text.previous_source or {}, block.text(edition.source_locale), fields_of(block)
    return [
        Change(name, old.get(name, ""), new.get(name, ""))
        for name in dict.fromkeys([*known, *old])
        if _said(known.get(name), old.get(name, "")) != _said(known.get(name), new.get(name, ""))
    ]


# Han one by one, other words whole, and the space between.
_PIECE = re.compile(rf"[{HAN}]|[^\W{HAN}]+|\s+|.", re.DOTALL)


def _pieces(text: str) -> list[str]:
    return _PIECE.findall(text)


def _said(field: Field | None, text: str) -> str:
    return canonical(text) if field and field.kind is Kind.MARKDOWN else line(text)


def _text(block: Block, locale: str) -> Text | None:
    return next((text for text in block.texts if text.locale == locale), None)
