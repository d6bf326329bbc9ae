"""A newsletter's theme: colours that can be read on light and dark screens, and sizes."""

from dataclasses import fields
from typing import Any

import pytest

from mailer.errors import InvalidError
from mailer.model import Newsletter
from mailer.render.theme import Look, contrast, look

# From the Understanding documents of WCAG 2.2, and the well-known greys on either side of its limits.
KNOWN = {
    ("#000000", "#ffffff"): 21,
    ("#ffffff", "#ffffff"): 1,
    ("#777777", "#ffffff"): 4.48,
    ("#767676", "#ffffff"): 4.54,
    ("#595959", "#ffffff"): 7.0,
    ("#949494", "#ffffff"): 3.03,
    ("#ff0000", "#ffffff"): 4.0,
    ("#0000FF", "#ffffff"): 8.59,
    ("#0a0a0a", "#000000"): 1.06,
}


@pytest.mark.parametrize(("pair", "ratio"), KNOWN.items())
def test_contrast_is_what_wcag_says_either_way_round(pair: tuple[str, str], ratio: float) -> None:
    assert round(contrast(*pair), 2) == ratio
    assert contrast(*pair) == contrast(*reversed(pair))


def themed(**theme: Any) -> Look:
    return look(Newsletter(theme=theme))


def test_a_newsletter_without_a_theme_has_the_look_of_the_house() -> None:
    assert themed() == Look()


def test_a_theme_changes_what_it_names() -> None:
    asked = themed(accent="#7A1F5C", text_size="large")
    assert asked == Look(accent="#7A1F5C", text_size="large")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no colour": ({"ink": "red}"}, "ink must be a colour"),
    "three digits": ({"paper": "#fff"}, "paper must be a colour"),
    "a line end": ({"ink": "#000000\n"}, "ink must be a colour"),
    "full-width digits": ({"ink": "#００００００"}, "ink must be a colour"),
    "a number": ({"ink": 0}, "ink must be a colour"),
    "an unknown key": ({"unknown": "#ffffff"}, "cannot have unknown; it can have: ink, "),
    "an unknown size": ({"text_size": "huge"}, "text_size must be one of: normal, large"),
    "a size that is none": ({"text_size": ["large"]}, "text_size must be one of"),
    "grey on white": (
        {"ink": "#777777"},
        "ink (#777777) cannot be read on its paper (#ffffff): their contrast is 4.47 to 1, and 4.5 is needed",
    ),
    "a ground for words in two colours": (
        {"ground": "#a0a0a0"},
        "soft (#55646a) cannot be read on its ground (#a0a0a0)",
    ),
    "dark alone": (
        {"dark_paper": "#ffffff"},
        "dark_ink (#e9e4d9) cannot be read on its dark_paper (#ffffff): their contrast is 1.26 to 1",
    ),
}


@pytest.mark.parametrize(("theme", "why"), WRONG.values(), ids=WRONG.keys())
def test_what_no_mail_may_look_like_is_refused_in_one_sentence(theme: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidError) as refused:
        themed(**theme)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_colour_is_judged_with_those_it_stands_on() -> None:
    for field in fields(Look):
        if field.name != "text_size":
            # Mid grey: no word of the house can be read on it, and it cannot be read on any ground of the house.
            with pytest.raises(InvalidError, match=r"#808080.*contrast"):
                themed(**{field.name: "#808080"})


def test_large_is_larger_and_nothing_is_smaller_than_13_px() -> None:
    sizes = (8, 13, 14, 16, 34)
    assert [themed().px(size) for size in sizes] == ["13px", "13px", "14px", "16px", "34px"]
    assert [themed(text_size="large").px(size) for size in sizes] == ["13px", "15px", "16px", "18px", "38px"]
