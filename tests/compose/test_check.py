"""What is pointed out to the people who make an edition."""

import pytest

from mailer.compose.check import Fault, Finding, Severity, findings
from mailer.i18n import EN, ZH, modes, translator
from tests.compose.conftest import SUBJECTS, Make


def _found(make: Make, tag: str, field: str, line: str) -> list[Finding]:
    return findings(make(front=SUBJECTS | {tag: SUBJECTS[tag] | {field: line}}))


@pytest.mark.parametrize(("tag", "longest", "more"), [(ZH, "潮" * 20, "潮"), (EN, "tide" * 10, "s")])
def test_row_width_of_a_subject(make: Make, tag: str, longest: str, more: str) -> None:
    assert _found(make, tag, "subject", longest) == []
    (found,) = _found(make, tag, "subject", longest + more)
    assert (found.fault, found.severity, found.locale) == (Fault.SUBJECT_WIDTH, Severity.WARNING, tag)
    assert "40" in found.say(str)


def test_row_width_of_two_subjects(make: Make) -> None:
    def front(more: str) -> dict[str, dict[str, str]]:
        return {ZH: SUBJECTS[ZH] | {"subject": "潮" * 15}, EN: SUBJECTS[EN] | {"subject": "t" * 28 + more}}

    # Thirty columns, a joint of two, and twenty-eight.
    assert findings(make(front=front(""))) == []
    (found,) = findings(make(front=front("t")))
    assert found.locale == f"{ZH}+{EN}"
    assert "61" in found.say(str)
    assert "中文 + English" in found.say(str)


@pytest.mark.parametrize(
    ("tag", "unit", "count", "well"),
    [(ZH, "潮", 34, False), (ZH, "潮", 35, True), (ZH, "潮", 50, True), (ZH, "潮", 51, False), (EN, "t", 69, False)],
)
def test_row_width_of_a_preheader(make: Make, tag: str, unit: str, count: int, *, well: bool) -> None:
    found = _found(make, tag, "preheader", unit * count)
    assert [each.fault for each in found] == ([] if well else [Fault.PREHEADER_WIDTH])


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_has_a_sentence_in_every_language(fault: Fault) -> None:
    values = dict.fromkeys(("other", "width", "least", "most", "word", "term", "source", "characters"), "x")
    for tag in (ZH, EN):
        for mode in modes([ZH, EN]):
            assert Finding(fault, "letter", "body", mode, values).say(translator(tag))
