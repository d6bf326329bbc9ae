"""Numbers in words, as people write them."""

from decimal import Decimal

import pytest

from mailer.compose.check.numerals import english_numbers, han, han_numbers


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("〇", 0), ("七", 7), ("十", 10), ("十七", 17), ("廿七", 27), ("卅", 30), ("六十一", 61), ("二百四十", 240),
        ("一千二百八十", 1280), ("一千零八", 1008), ("二〇二六", 2026), ("萬", 10_000), ("二十五萬", 250_000),
        ("三億", 3 * 10**8), ("三億二千萬", 320_000_000), ("一萬億", 10**12), ("兩", 2),
    ],
)  # fmt: skip
def test_a_chinese_numeral_has_its_value(numeral: str, value: int) -> None:
    assert han(numeral) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("三成", 30), ("六成半", 65), ("百分之九十六", 96), ("三十多位", 30), ("第二次", 2)],
)
def test_it_is_found_in_a_sentence(text: str, value: int) -> None:
    assert Decimal(value) in set(han_numbers(f"約有{text}的人"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("thirty-nine years", 39), ("Twenty\nseven", 27), ("a hundred", 100), ("three hundred and sixty-one", 361),
        ("two thousand and five", 2005), ("two dozen eggs", 24), ("twice", 2),
        ("the ninth floor", 9), ("one hundred thousand", 100_000),
    ],
)  # fmt: skip
def test_an_english_number_is_found_in_a_sentence(text: str, value: int) -> None:
    assert Decimal(value) in set(english_numbers(f"There were {text}, and no more."))
