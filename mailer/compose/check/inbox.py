"""What an inbox shows of a mail, its subject and preheader: whether both fit there."""

from collections.abc import Iterator
from itertools import combinations

from mailer.chinese import width
from mailer.compose.blocks import FRONT
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Reading
from mailer.i18n import SUBJECT_JOINT, modes

# Columns, of which Han takes two: a subject in one language, two of them joined, a preheader of 35 to 50 Han.
_SUBJECT, _SUBJECTS = 40, 60
_PREHEADER = range(70, 101)


def check(reading: Reading) -> Iterator[Finding]:
    """Lines that an inbox does not show well."""
    lines = {(each.name, each.locale): width(each.source) for each in reading.passages if each.block.type == FRONT}
    subjects = {tag: columns for (name, tag), columns in lines.items() if name == "subject"}
    for tag, columns in subjects.items():
        if columns > _SUBJECT:
            yield Finding(Fault.SUBJECT_WIDTH, FRONT, "subject", tag, {"width": columns, "most": _SUBJECT})
    for one, other in combinations(subjects, 2):
        both = width(SUBJECT_JOINT) + subjects[one] + subjects[other]
        if both > _SUBJECTS and f"{one}+{other}" in modes(reading.edition.locales):
            yield Finding(Fault.SUBJECT_WIDTH, FRONT, "subject", f"{one}+{other}", {"width": both, "most": _SUBJECTS})
    for (name, tag), columns in lines.items():
        if name == "preheader" and columns not in _PREHEADER:
            edges = {"width": columns, "least": _PREHEADER[0], "most": _PREHEADER[-1]}
            yield Finding(Fault.PREHEADER_WIDTH, FRONT, "preheader", tag, edges)
