"""Values as each language writes them; each test names its row in the design's table "Babel: values and traps"."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from mailer import values
from mailer.i18n import AUTOMATIC, EN, HANS, ZH

DAY = date(2025, 5, 1)
EVENING = datetime(2026, 12, 5, 18, 5)  # noqa: DTZ001 — by the clock of the place, as events are stored
FIL, ID = "fil-PH", "id-ID"


@pytest.mark.parametrize(
    ("tag", "written"),
    [(ZH, "2025年5月1日"), (HANS, "2025年5月1日"), (EN, "1 May 2025"), (FIL, "Mayo 1, 2025"), (ID, "1 Mei 2025")],
)
def test_row_date_is_long_and_never_all_digits(tag: str, written: str) -> None:
    assert values.long_date(DAY, tag) == written


@pytest.mark.parametrize(("tag", "written"), [(ZH, "2025年5月"), (EN, "May 2025"), (FIL, "Mayo 2025")])
def test_row_month_stands_behind_its_year_in_chinese(tag: str, written: str) -> None:
    assert values.month(DAY, tag) == written


def test_row_weekday_is_written_out() -> None:
    thursday = datetime(2025, 5, 1, 9, 0)  # noqa: DTZ001 — as above
    assert "星期四" in values.moment(thursday, ZH)
    assert "週" not in values.moment(thursday, ZH)
    assert values.moment(thursday, EN).startswith("Thursday")


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        (ZH, "2026年12月5日星期六下午6:05"),
        (AUTOMATIC, "2026年12月5日星期六下午6:05"),
        (EN, "Saturday, 5 December 2026, 6:05 pm"),
        (FIL, "Sabado, Disyembre 5, 2026, 6:05 PM"),
        (ID, "Sabtu, 05 Desember 2026, 18.05"),
    ],
)
def test_row_time_is_the_place_s_without_seconds_or_zone(tag: str, written: str) -> None:
    assert values.moment(EVENING, tag) == written


@pytest.mark.parametrize(
    ("hour", "minute", "chinese", "english"),
    [(0, 0, "上午12:00", "12:00 am"), (9, 5, "上午9:05", "9:05 am"), (12, 30, "下午12:30", "12:30 pm")],
)
def test_row_time_of_day(hour: int, minute: int, chinese: str, english: str) -> None:
    at = EVENING.replace(hour=hour, minute=minute)
    assert (values.clock_time(at, ZH), values.clock_time(at, EN)) == (chinese, english)


def test_a_period_says_its_day_once() -> None:
    end = EVENING.replace(hour=20)
    assert values.period(EVENING, end, ZH) == "2026年12月5日星期六下午6:05至下午8:05"
    assert values.period(EVENING, end, EN) == "Saturday, 5 December 2026, 6:05 pm – 8:05 pm"
    assert values.period(EVENING, end.replace(day=6), ZH).endswith("至2026年12月6日星期日下午8:05")


@pytest.mark.parametrize(
    ("value", "currency", "chinese", "english"),
    [
        ("2500000", "HKD", "港幣250萬元", "HK$2.5 million"),
        ("10000", "HKD", "港幣1萬元", "HK$10,000"),
        ("9999", "HKD", "港幣9,999元", "HK$9,999"),
        ("1234", "HKD", "港幣1,234元", "HK$1,234"),
        ("120000000", "GBP", "1.2億英鎊", "£120 million"),
        ("100000000", "HKD", "港幣1億元", "HK$100 million"),
        ("2.50", "HKD", "港幣2.50元", "HK$2.50"),
        ("3.00", "GBP", "3英鎊", "£3"),
        # Not to be rounded.
        ("12345", "HKD", "港幣12,345元", "HK$12,345"),
        ("1234567", "HKD", "港幣1,234,567元", "HK$1,234,567"),
        ("999999", "HKD", "港幣999,999元", "HK$999,999"),
        ("1250000", "HKD", "港幣125萬元", "HK$1.25 million"),
    ],
)
def test_row_money_counts_in_wan_and_yi_or_in_millions(value: str, currency: str, chinese: str, english: str) -> None:
    assert values.money(Decimal(value), currency, ZH) == chinese
    assert values.money(Decimal(value), currency, EN) == english


def test_row_money_in_simplified_and_in_languages_without_words_of_ours() -> None:
    assert values.money(Decimal(2500000), "HKD", AUTOMATIC) == "港币250万元"
    assert values.money(Decimal(120000000), "GBP", HANS) == "1.2亿英镑"
    assert values.money(Decimal(2500000), "HKD", FIL) == "HK$2,500,000"
    assert values.money(Decimal(2500000), "HKD", ID) == "HK$2.500.000"


@pytest.mark.parametrize(
    ("tag", "written"), [(ZH, "甲、乙及丙"), (AUTOMATIC, "甲、乙和丙"), (EN, "甲, 乙 and 丙"), (ID, "甲, 乙, dan 丙")]
)
def test_row_list(tag: str, written: str) -> None:
    assert values.listed(["甲", "乙", "丙"], tag) == written


@pytest.mark.parametrize(
    ("last", "chinese", "english"),
    [
        (date(2025, 5, 18), "2025年5月1日至18日", "1–18 May 2025"),
        (date(2025, 6, 2), "2025年5月1日至6月2日", "1 May – 2 Jun 2025"),
        (date(2026, 1, 2), "2025年5月1日至2026年1月2日", "1 May 2025 – 2 Jan 2026"),
        (DAY, "2025年5月1日", "1 May 2025"),
    ],
)
def test_row_interval(last: date, chinese: str, english: str) -> None:
    assert values.days(DAY, last, ZH) == chinese
    assert values.days(DAY, last, EN) == english


def test_numbers_are_grouped() -> None:
    assert [values.number(1234, tag) for tag in (ZH, HANS, EN, ID)] == ["1,234", "1,234", "1,234", "1.234"]


@pytest.mark.parametrize("nameless", [None, "", "   ", "\u3000"])
def test_row_greeting_of_a_reader_without_a_name(nameless: str | None) -> None:
    assert values.greeting(nameless, EN) == "Dear friend,"
    assert values.greeting(nameless, ZH) == "親愛的朋友："
    assert values.greeting(nameless, FIL) == "Dear friend,"


def test_row_greeting_takes_a_name_as_typed_and_as_data() -> None:
    assert values.greeting("歐陽 詠潮", ZH) == "親愛的歐陽 詠潮："
    assert values.greeting("%(name)s {0} 歐陽", EN) == "Dear %(name)s {0} 歐陽,"
