"""What a reader gets of a block that their language lacks: refuse, fallback_with_notice, omit."""

import pytest

from mailer.compose.blocks import FRONT, TYPES
from mailer.compose.check import Fault, Severity, findings
from mailer.compose.shown import policy, shown
from mailer.i18n import AUTOMATIC, EN, ZH
from mailer.model import Edition, Fallback
from tests.compose.conftest import SUBJECTS, Make, block, in_

FIL = "fil-PH"
CARD = {"title": "潮汐表", "excerpt": "今年的潮汐。"}
URL = {"url": "https://x.example/"}


def _edition(make: Make, fallback: Fallback, texts: dict[str, dict[str, str]], *, required: bool = False) -> Edition:
    front = SUBJECTS | {FIL: SUBJECTS[EN]}
    card = block("card", "article_card", texts, URL, fallback=fallback, required=required)
    return make(card, front=front, locales=[ZH, EN, FIL])


def _faults(edition: Edition) -> list[tuple[Fault, str]]:
    return [(found.fault, found.locale) for found in findings(edition)]


def test_refused_where_nothing_else_is_wished(make: Make) -> None:
    edition = _edition(make, Fallback.REFUSE, {ZH: CARD})
    assert _faults(edition) == [(Fault.UNWRITTEN, EN), (Fault.UNWRITTEN, FIL)]
    assert shown(edition, in_(edition, "card"), EN) is None


def test_the_whole_block_comes_in_the_source_s_language_with_a_notice(make: Make) -> None:
    half = {ZH: CARD, EN: {"title": "Tide tables"}}
    edition = _edition(make, Fallback.NOTICE, half)
    found = shown(edition, in_(edition, "card"), EN)
    assert found is not None
    assert (found.tag, dict(found.text), found.notice) == (ZH, CARD, True)
    assert _faults(edition) == [(Fault.BORROWED, EN), (Fault.BORROWED, FIL)]
    assert all(each.severity is Severity.WARNING for each in findings(edition))


def test_once_is_enough_in_a_mail_that_has_that_language(make: Make) -> None:
    edition = _edition(make, Fallback.NOTICE, {ZH: CARD})
    assert shown(edition, in_(edition, "card"), EN, beside={ZH}) is None
    assert shown(edition, in_(edition, "card"), EN, beside={AUTOMATIC}) is None
    assert shown(edition, in_(edition, "card"), EN, beside={FIL}) is not None


def test_a_language_that_nobody_writes_borrows_as_the_one_that_it_is_made_from(make: Make) -> None:
    edition = _edition(make, Fallback.NOTICE, {EN: CARD})
    for tag in (ZH, AUTOMATIC):
        found = shown(edition, in_(edition, "card"), tag)
        assert found is not None
        assert (found.tag, found.notice) == (EN, True)


def test_a_block_that_no_language_has_whole_is_an_error_even_with_a_fallback(make: Make) -> None:
    edition = _edition(make, Fallback.NOTICE, {ZH: {"excerpt": "潮"}})
    assert _faults(edition) == [(Fault.MISSING, ZH), (Fault.UNWRITTEN, EN), (Fault.UNWRITTEN, FIL)]


def test_an_optional_block_is_left_out_and_a_required_one_is_not(make: Make) -> None:
    edition = _edition(make, Fallback.OMIT, {ZH: CARD})
    assert shown(edition, in_(edition, "card"), EN) is None
    assert _faults(edition) == [(Fault.OMITTED, EN), (Fault.OMITTED, FIL)]
    required = _edition(make, Fallback.OMIT, {ZH: CARD}, required=True)
    assert _faults(required) == [(Fault.UNWRITTEN, EN), (Fault.UNWRITTEN, FIL)]


@pytest.mark.parametrize("wish", list(Fallback))
@pytest.mark.parametrize("kind", [FRONT, "masthead", "signoff", "footer"])
def test_what_never_falls_back(make: Make, kind: str, wish: Fallback) -> None:
    edition = make(block("last", kind, {}, required=False), policy=wish)
    assert policy(edition, in_(edition, "last")) is Fallback.REFUSE
    assert TYPES[kind].fallbacks == {Fallback.REFUSE}


@pytest.mark.parametrize("field", ["subject", "preheader", "title"])
@pytest.mark.parametrize("wish", list(Fallback))
def test_a_missing_subject_or_preheader_keeps_an_edition_back(make: Make, wish: Fallback, field: str) -> None:
    lacking = {name: value for name, value in SUBJECTS[EN].items() if name != field}
    edition = make(front={ZH: SUBJECTS[ZH], EN: lacking}, policy=wish)
    errors = [each for each in findings(edition) if each.severity is Severity.ERROR]
    assert [(each.fault, each.block, each.field, each.locale) for each in errors] == [(Fault.MISSING, FRONT, field, EN)]


def test_prose_is_never_borrowed(make: Make) -> None:
    """A letter or a section in the wrong language is a mail in the wrong language."""
    edition = make(block("letter", "letter", {ZH: {"body": "潮"}}), policy=Fallback.NOTICE)
    assert _faults(edition) == [(Fault.UNWRITTEN, EN)]


def test_a_block_for_one_language_is_nobody_else_s(make: Make) -> None:
    edition = make(block("card", "article_card", {ZH: CARD}, URL, languages=[ZH]), policy=Fallback.NOTICE)
    assert findings(edition) == []
    assert shown(edition, in_(edition, "card"), EN) is None
    assert shown(edition, in_(edition, "card"), ZH) is not None


def test_what_one_language_may_have_alone_is_missing_in_none(make: Make) -> None:
    texts = {ZH: {"title": "潮", "body": "水"}, EN: {"title": "Tide", "body": "Water", "translator": "by Ada"}}
    front = {ZH: SUBJECTS[ZH] | {"sender": "書舍", "reading_time": "3"}, EN: SUBJECTS[EN]}
    found = findings(make(block("article", "article", texts), front=front))
    assert {(each.fault, each.field) for each in found} == {(Fault.ALONE, "sender"), (Fault.ALONE, "translator")}
