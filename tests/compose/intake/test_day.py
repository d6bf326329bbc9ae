"""Days as people write them."""

import pytest

from mailer.compose.intake.day import day, is_dateline


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Publication date: Tuesday 17 December 2030", "2030-12-17"),
        ("December 3rd, 2030", "2030-12-03"),
        ("3 Sept. 2030", "2030-09-03"),
        ("二〇三〇年十二月廿日；二零三零年十二月三十一日", "2030-12-31"),
        ("2030年1月7日星期一", "2030-01-07"),
        ("2030-01-07T23:30:00+08:00", "2030-01-07"),
        ("on 31 February 2030, or 1 March 2030", None),
        ("7/1/2030", None),
        ("12030-01-07", None),
        ("", None),
    ],
)
def test_the_first_day_that_is_named_in_full(text: str, found: str | None) -> None:
    assert (str(day(text)) if day(text) else None) == found


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("30 November 2030", True),
        ("Dunlow, 30 November 2030", True),
        ("二〇三〇年十一月三十日於石涌村", True),
        ("水閘在2030年11月30日修好。", False),
        ("Nobody had seen the water since 30 November 2030", False),
        ("Dunlow", False),
    ],
)
def test_a_dateline_says_a_day_and_little_more(text: str, *, is_one: bool) -> None:
    assert is_dateline(text) is is_one
