"""Headings inside texts: the edition's own are of the first two levels, and what looks like one must be one."""

from collections.abc import Iterator

from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Passage, Reading, cut

_ABOVE = 2
"""The level of the block in which a text stands."""
_LONGEST = 60
# A bold line that ends so is a sentence.
_SENTENCES = tuple("。！？….!?：:，,；;")
_PROSE = frozenset({"body", "abstract", "ps", "lead", "intro", "excerpt"})


def check(reading: Reading) -> Iterator[Finding]:
    """Headings that skip a level or take the title's, and bold lines that pose as one."""
    for passage in reading.passages:
        if passage.is_markdown:
            yield from _levels(passage)


def _levels(passage: Passage) -> Iterator[Finding]:
    above = _ABOVE
    for heading in passage.said.headings:
        if heading.level == 0:
            if passage.part in _PROSE and len(heading.words) <= _LONGEST and not heading.words.endswith(_SENTENCES):
                yield passage.finding(Fault.HEADING_BOLD, words=cut(heading.words))
            continue
        if heading.level == 1:
            yield passage.finding(Fault.HEADING_TOP, words=cut(heading.words))
        elif heading.level > above + 1:
            yield passage.finding(Fault.HEADING_SKIP, words=cut(heading.words))
        above = max(heading.level, _ABOVE)
