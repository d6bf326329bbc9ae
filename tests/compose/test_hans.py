"""Simplified Chinese by conversion; each test names its row or rule in the design's chapter "OpenCC"."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from mailer.compose.check import Fault, findings
from mailer.compose.hans import convert, simplified, with_simplified
from mailer.compose.shown import text
from mailer.i18n import AUTOMATIC, EN, ZH
from mailer.model import Term
from mailer.render.markdown import html
from tests.compose.conftest import Make, block, in_

OFFERED = OpenCC("hk2s")


def test_prose_is_converted() -> None:
    assert simplified("寫信反對，只需三句話。裏面、隻、係", {}) == "写信反对，只需三句话。里面、只、系"
    assert simplified("The tide", {}) == "The tide"


@pytest.mark.parametrize(
    "typed",
    [
        "[x](https://x.example/餘)",
        '[x](https://x.example/a(餘)b "餘")',
        "[x](<https://x.example/餘 餘>)",
        '[x](https://x.example/a餘 "甲(乙)餘")',
        "<https://x.example/餘>",
        "https://x.example/餘/a?b=餘",
        "`餘`",
        "``餘 ` 餘``",
        "```\n餘\n```",
        "~~~\n餘\n~~~",
        "    餘",
        "{{ 餘 }}",
        "{餘}",
        "%(餘)s",
        "#留住餘下",
        "＃餘",
        "<餘@x.example>",
    ],
)
def test_rule_1_only_words_are_converted(typed: str) -> None:
    assert simplified(f"餘\n\n{typed}\n\n餘", {}) == f"余\n\n{typed}\n\n余"
    # What the converter by itself would do.
    assert OFFERED.convert(typed) != typed


def test_a_sentence_goes_on_behind_an_address() -> None:
    assert simplified("見https://x.example/a餘下", {}) == "见https://x.example/a余下"


@pytest.mark.parametrize("sign", ["`", "{{"])
def test_a_stray_sign_keeps_no_other_paragraph_from_being_converted(sign: str) -> None:
    assert simplified(f"餘{sign}餘\n\n餘\n\n餘{sign.replace('{', '}')}餘", {}).replace(sign, "").count("余") == 5


def test_a_paragraph_inside_a_list_is_no_code() -> None:
    assert simplified("- 餘\n\n    餘\n\n        餘", {}) == "- 余\n\n    余\n\n        餘"


@pytest.mark.parametrize("surname", ["徵", "乾", "餘", "鍾"])
def test_rule_2_protected_terms_become_exactly_what_is_given(surname: str) -> None:
    terms = {f"{surname}先生": f"{surname}先生"}
    assert simplified(f"{surname}先生和{surname}", terms) == f"{surname}先生和{OFFERED.convert(surname)}"


def test_row_surnames_are_safe_in_the_glossary() -> None:
    terms = {"余先生": "余先生", "于小姐": "于小姐"}
    assert simplified("余先生見于小姐於潮汐書舍", terms) == "余先生见于小姐于潮汐书舍"


def test_rule_2_the_longest_term_wins() -> None:
    terms = {"潮汐": "潮汐", "潮汐書舍": "潮汐書舍", "書舍": "书屋"}
    assert simplified("潮汐書舍，潮汐，書舍", terms) == "潮汐書舍，潮汐，书屋"


def test_rule_2_a_form_is_not_converted_again_and_a_term_may_hold_signs() -> None:
    assert simplified("(後)*後*", {"(後)": "\\1餘"}) == "\\1餘*后*"


def test_rule_2_private_use_characters_of_the_text_stay() -> None:
    stray = "".join(map(chr, (*range(0xE000, 0xE100), 0xF0000, 0x10FFFD)))
    assert simplified(f"餘{stray}`餘`餘", {"餘`": "x"}) == f"余{stray}`餘`余"
    assert simplified("餘", {"餘": "\ue000"}) == "\ue000"


@pytest.mark.parametrize("rare", ["鰽", "癐", "鰦", "㑮"])
def test_row_rare_glyphs_are_not_introduced(rare: str) -> None:
    """Rule 3: the source's character is kept and reported."""
    assert max(map(ord, OFFERED.convert(rare))) > 0xFFFF or rare != OFFERED.convert(rare)
    found = convert(f"{rare}魚", {})
    assert (found.text, found.kept) == (f"{rare}鱼", rare)


def test_a_rare_character_that_stays_the_same_is_nothing_to_report() -> None:
    found = convert("𠮷叔見㘭村", {})
    assert (found.text, found.kept) == ("𠮷叔见㘭村", "")


@given(
    st.text(
        alphabet=st.sampled_from(list("餘於隻鰽癐發乾幹後𨋢abc *_`#[]()<>:/.\n-1&\"'\\{}%~\ue000\U000f0000")),
        max_size=80,
    )
)
@settings(deadline=None)
def test_no_text_loses_a_link_or_gains_a_rare_character(typed: str) -> None:
    found = convert(typed, {"於": "於"})
    assert {each for each in found.text if ord(each) > 0xFFFF} <= set(typed)
    colourless = [html(each, "#000000").count("<") for each in (found.text, typed)]
    assert colourless[0] == colourless[1]


def test_row_never_run_twice(make: Make) -> None:
    """A second pass spoils a text: it is made from the Traditional each time, and a form given by hand is final."""
    edition = make(
        block("share", "share", {ZH: {"body": "余額與余先生"}, EN: {"body": "Balance"}}),
        derived=[AUTOMATIC],
        terms=[Term(en="Mr Yu", zh="余先生", forbidden=[], hans="餘先生")],
    )
    assert text(edition, in_(edition, "share"), AUTOMATIC) == {"body": "余额与餘先生"}
    assert with_simplified({ZH: "潮汐書舍", AUTOMATIC: "書舍"}, {}) == {ZH: "潮汐書舍", AUTOMATIC: "書舍"}


def test_staff_are_told_what_stays_as_it_is(make: Make) -> None:
    edition = make(block("share", "share", {ZH: {"body": "鰽魚"}, EN: {"body": "Fish"}}), derived=[AUTOMATIC])
    (found,) = findings(edition)
    assert (found.fault, found.block, found.field, found.locale) == (Fault.UNCONVERTED, "share", "body", AUTOMATIC)
    assert "鰽" in found.say(str)
    assert findings(make(block("share", "share", {ZH: {"body": "鰽魚"}, EN: {"body": "Fish"}}))) == []
