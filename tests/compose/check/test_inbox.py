"""How wide subject and preheader may be, alone and together."""

from mailer.compose.check import Fault, findings
from mailer.i18n import EN, ZH
from tests.compose.conftest import SUBJECTS, Make


def test_two_subjects_are_measured_with_what_stands_between_them(make: Make) -> None:
    def front(more: str) -> dict[str, dict[str, str]]:
        return {ZH: SUBJECTS[ZH] | {"subject": "潮" * 15}, EN: SUBJECTS[EN] | {"subject": "t" * 28 + more}}

    # Thirty columns, a joint of two, and twenty-eight.
    assert findings(make(front=front(""))) == []
    (found,) = findings(make(front=front("t")))
    assert (found.fault, found.locale) == (Fault.SUBJECT_WIDTH, f"{ZH}+{EN}")
    assert "61" in found.say(str)
    assert "中文 + English" in found.say(str)
