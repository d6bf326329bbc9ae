from datetime import date
from decimal import Decimal

import pytest

from mailer import i18n
from mailer.i18n import EN, HANS, ZH


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-HK", ZH),
        ("zh-TW,en;q=0.5", ZH),
        ("zh-CN", HANS),
        ("zh-SG,zh;q=0.5", HANS),
        ("zh-Hans", HANS),
        ("zh-Hans-HK", HANS),
        ("zh-Hant", ZH),
        ("zh-Hant-CN", ZH),
        ("zh-MO", ZH),
        ("yue", ZH),
        ("zh", ZH),
        ("en-US,en;q=0.9,zh;q=0.8", EN),
        ("fr, en;q=0.3, zh;q=0.7", ZH),
        ("en;q=0, zh-HK;q=0.1", ZH),
        ("en;q=rubbish", ZH),
        ("*", ZH),
        ("", ZH),
        (",;=,;;" * 500, ZH),
    ],
)
def test_a_browser_gets_the_language_it_asks_for(header: str, language: str) -> None:
    assert i18n.negotiate(header, i18n.INTERFACE, ZH) == language


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("zh-Hant-CN", "zh-Hant-HK"),
        ("zh-SG", "zh-Hans"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh-MO", "zh-Hant-HK"),
        ("de", None),
    ],
)
def test_scripts_are_told_apart_by_the_raw_tag(tag: str, found: str | None) -> None:
    assert i18n.match(tag, ["zh-Hant-HK", "zh-Hans", "en-GB"]) == found


def test_with_one_chinese_every_chinese_reader_gets_it() -> None:
    texts = {ZH: "《潮信》", EN: "Tideline"}
    assert i18n.best(texts, HANS) == i18n.best(texts, "zh-SG") == (ZH, "《潮信》")
    assert i18n.best(texts, EN) == (EN, "Tideline")


def test_where_no_text_fits_the_first_is_shown() -> None:
    assert i18n.best({ZH: "《潮信》", HANS: "《潮信》"}, EN) == (ZH, "《潮信》")
    assert i18n.best({EN: "Tideline"}, HANS) == (EN, "Tideline")


@pytest.mark.parametrize(
    ("posix", "language"),
    [
        ("zh_CN.UTF-8", HANS),
        ("zh_SG", HANS),
        ("zh_HK.UTF-8", ZH),
        ("zh_TW", ZH),
        ("zh", ZH),
        ("en_US.UTF-8", EN),
        ("C.UTF-8", EN),
        ("de_AT@euro", EN),
        ("", EN),
    ],
)
def test_commands_speak_the_terminals_language(posix: str, language: str) -> None:
    assert i18n.terminal(posix) == language


def test_values_are_written_as_each_language_writes_them() -> None:
    day = date(2025, 5, 1)
    assert (i18n.long_date(day, ZH), i18n.long_date(day, EN)) == ("2025年5月1日", "1 May 2025")
    assert (i18n.month(day, ZH), i18n.month(day, EN)) == ("2025年5月", "May 2025")
    assert (i18n.long_date(day, HANS), i18n.number(1234, HANS)) == ("2025年5月1日", "1,234")


@pytest.mark.parametrize(
    ("value", "currency", "chinese", "english"),
    [
        ("2500000", "HKD", "港幣250萬元", "HK$2.5 million"),
        ("10000", "HKD", "港幣1萬元", "HK$10,000"),
        ("1234", "HKD", "港幣1,234元", "HK$1,234"),
        ("120000000", "GBP", "1.2億英鎊", "£120 million"),
    ],
)
def test_money_counts_in_wan_and_yi_or_in_millions(value: str, currency: str, chinese: str, english: str) -> None:
    assert i18n.money(Decimal(value), currency, ZH) == chinese
    assert i18n.money(Decimal(value), currency, EN) == english


@pytest.mark.parametrize("nameless", ["", "   ", "\u3000"])
def test_a_reader_without_a_name_is_a_friend(nameless: str) -> None:
    assert i18n.greeting(nameless, EN) == "Dear friend,"
    assert i18n.greeting(nameless, ZH) == "親愛的朋友："


def test_a_name_is_data() -> None:
    assert i18n.greeting("%(name)s {0} 歐陽", EN) == "Dear %(name)s {0} 歐陽,"
    assert i18n.greeting("歐陽 詠潮", ZH) == "親愛的歐陽 詠潮："
