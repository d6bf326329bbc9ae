"""How far a text has come; chinese.md of the design calls these rules "Bilingual data"."""

import pytest

from mailer.compose.draft import Progress
from mailer.compose.parsed import canonical
from mailer.compose.status import Change, Status, changes, outdated, status, table
from mailer.i18n import AUTOMATIC, EN, ZH
from mailer.model import Edition
from mailer.model.edition import TextStatus
from tests.compose.conftest import Make, block, in_

LETTER = {ZH: {"body": "潮水退了，**書舍**還在。"}, EN: {"body": "The tide is out; the **reading room** is not."}}


def _status(edition: Edition, tag: str = EN) -> Status:
    return status(edition, in_(edition, "letter"), tag)


def _source(edition: Edition, body: str) -> None:
    text = next(text for text in in_(edition, "letter").texts if text.locale == edition.source_locale)
    text.fields = {"body": body}


@pytest.mark.parametrize("stored", list(TextStatus))
def test_what_people_say_of_a_text_is_its_status(make: Make, stored: TextStatus) -> None:
    progress = {EN: {"letter": Progress(status=stored)}}
    assert _status(make(block("letter", "letter", LETTER), progress=progress)) == stored.value


def test_what_nobody_wrote_is_missing_and_what_nobody_need_write_does_not_apply(make: Make) -> None:
    edition = make(
        block("letter", "letter", {ZH: LETTER[ZH]}),
        block("harbour", "section", {ZH: {"title": "海", "body": "潮"}}, languages=[ZH]),
        block("masthead", "masthead", {}),
        block("footer", "footer", {}),
    )
    found = {key: by_tag[EN] for key, by_tag in table(edition).items()}
    assert found == {
        "front": Status.REVIEWED,
        "letter": Status.MISSING,
        "harbour": Status.NOT_APPLICABLE,
        "masthead": Status.NOT_APPLICABLE,
        "footer": Status.NOT_APPLICABLE,
    }


def test_a_text_without_one_of_its_fields_is_missing(make: Make) -> None:
    half = {ZH: LETTER[ZH] | {"headline": "潮退"}, EN: LETTER[EN]}
    assert _status(make(block("letter", "letter", half))) == Status.MISSING


def test_what_is_converted_is_a_machine_s(make: Make) -> None:
    edition = make(block("letter", "letter", LETTER), derived=[AUTOMATIC])
    assert (_status(edition, ZH), _status(edition, AUTOMATIC)) == (Status.APPROVED, Status.MACHINE)


@pytest.mark.parametrize(
    ("typed", "changed"),
    [
        ("潮水退了，**書舍**還在。", False),
        ("\n  潮水退了，\n**書舍**還在。  \n", False),
        ("潮水退了，__書舍__還在。", False),
        ("潮水退了，書舍還在。", True),
        ("潮水退了，**書舍**不在。", True),
        ("潮水退了，**書舍**還在 。", True),
    ],
)
def test_only_what_a_source_says_makes_its_translation_outdated(make: Make, typed: str, *, changed: bool) -> None:
    edition = make(block("letter", "letter", LETTER), block("share", "share", LETTER))
    _source(edition, typed)
    assert (_status(edition) is Status.OUTDATED) == changed
    assert not outdated(edition, in_(edition, "share"), EN)
    _source(edition, LETTER[ZH]["body"])
    assert _status(edition) is Status.REVIEWED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("* a\n* b", "- a\n\n- b\n"),
        ("1. a\n2. b", "1) a\n2) b"),
        ("*a* __b__", "_a_ **b**"),
        ("a\\\nb", "a  \nb"),
        ("### Tide", "### Tide ###"),
        ("one\ntwo", "one two"),
        ("潮水\n退了", "潮水退了"),
        ("潮\n**水**", "潮**水**"),
        ("***", "---"),
        ("```\na\n```", "    a"),
        ("\u00e9 \uf900", "e\u0301 \u8c48"),
        ("&lt;b&gt; 5 &amp; 6", "\\<b> 5 & 6"),
    ],
)
def test_layout_changes_nothing(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[a](https://x.example/1)", "[a](https://x.example/2)"),
        ("*a*", "**a**"),
        ("a\n\nb", "a\nb"),
        ("1. a", "2. a"),
        ("- a", "1. a"),
        ("a\\\nb", "a b"),
        ("`a`", "a"),
        ("潮 水", "潮水"),
        ("> a", "a"),
    ],
)
def test_what_readers_see_changes_it(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_old_source_new_source_and_their_difference_are_shown(make: Make) -> None:
    edition = make(block("letter", "letter", LETTER))
    assert changes(edition, in_(edition, "letter"), EN) == []
    _source(edition, "潮水漲了，**書舍**還在。")
    (change,) = changes(edition, in_(edition, "letter"), EN)
    assert change == Change("body", LETTER[ZH]["body"], "潮水漲了，**書舍**還在。")
    assert list(change.runs()) == [
        ("equal", "潮水"),
        ("delete", "退"),
        ("insert", "漲"),
        ("equal", "了，**書舍**還在。"),
    ]


def test_a_difference_in_english_is_one_of_words() -> None:
    runs = list(Change("body", "The tide is out.", "The tide was far out.").runs())
    assert runs[1:3] == [("delete", "is"), ("insert", "was far")]
    assert "".join(words for kind, words in runs if kind != "insert") == "The tide is out."
    assert "".join(words for kind, words in runs if kind != "delete") == "The tide was far out."


def test_a_source_that_was_never_kept_shows_as_new(make: Make) -> None:
    progress = {EN: {"letter": Progress(source_hash="0" * 64)}}
    edition = make(block("letter", "letter", LETTER), progress=progress)
    assert changes(edition, in_(edition, "letter"), EN) == [Change("body", "", LETTER[ZH]["body"])]
    assert _status(edition) is Status.OUTDATED


def test_a_field_that_the_source_lost_is_a_change(make: Make) -> None:
    both = {ZH: LETTER[ZH] | {"headline": "潮退"}, EN: LETTER[EN] | {"headline": "Low tide"}}
    edition = make(block("letter", "letter", both))
    _source(edition, LETTER[ZH]["body"])
    assert changes(edition, in_(edition, "letter"), EN) == [Change("headline", "潮退", "")]
