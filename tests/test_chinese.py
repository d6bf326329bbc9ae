"""Counting Han and words, and the reading time that follows."""

import pytest

from mailer.chinese import count, has_han, is_chinese, reading_minutes, width

COUNTS = {
    "潮水退了。": (4, 0),
    "𨋢與㘭，二〇二七年々": (9, 0),
    "\ufa0e\U00030000": (2, 0),
    "한국어 \ue000 かな": (0, 2),
    "Don't re-read 4,200 books – it’s 50/50": (0, 6),
    "書舍的lift壞了": (5, 1),
    "請看https://x.example/a-b?c=d，謝謝": (4, 0),
    "write to mailto:a@x.example today": (0, 3),
    "#潮信 #Tideline": (0, 2),
    "加上#留住石級。": (2, 1),
    "&#28526; # 潮 C#": (1, 2),
    "": (0, 0),
}


@pytest.mark.parametrize(("text", "expected"), COUNTS.items(), ids=COUNTS.keys())
def test_han_and_words_are_counted(text: str, expected: tuple[int, int]) -> None:
    assert count(text) == expected


@pytest.mark.parametrize(
    ("han", "words", "minutes"),
    # The design's own examples first, then both edges of rounding, and nothing at all.
    [(600, 0, 2), (800, 476, 4), (0, 0, 1), (599, 0, 1), (1000, 0, 3), (0, 357, 2), (200, 119, 1)],
)
def test_minutes_round_half_up_and_are_never_none(han: int, words: int, minutes: int) -> None:
    assert reading_minutes("潮" * han + " word" * words) == minutes


def test_what_is_han() -> None:
    assert all(map(has_han, ("Luk Au (㘭)", "𨋢", "〇")))
    assert not has_han("「」，。○ かな 한국 abc")


def test_which_tags_are_chinese() -> None:
    assert all(map(is_chinese, ("zh-Hant-HK", "zh", "yue-HK", "cmn-Hans")))
    assert not any(map(is_chinese, ("en-GB", "ja", "zha")))


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("潮水", 4),
        ("tide", 4),
        ("潮水 tide", 9),
        ("（Ａ）", 6),
        ("한국", 4),
        ("𨋢", 2),
        ("🙂", 2),
        ("é", 1),
        ("e\u0301", 1),
        ("“tide”…", 7),
    ],
)
def test_han_is_two_columns_wide(line: str, columns: int) -> None:
    assert width(line) == columns
