"""Values as each language writes them: dates, times, sums, lists, greetings.

CLDR's data through Babel, but where that writes what nobody writes (each place says so).
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_decimal

from mailer.i18n import babel, script, translator

# Spaces that many fonts of mail programs lack.
_SPACES = str.maketrans("\u2009\u202f", "  ")


def long_date(value: date | datetime, tag: str) -> str:
    """1 May 2025, 2025年5月1日: never digits alone, which readers order differently."""
    return format_date(value, "long", locale=babel(tag))


def month(value: date, tag: str) -> str:
    """May 2025, 2025年5月; CLDR's pattern "MMMM y" would be 5月 2025."""
    return format_skeleton("yMMMM", value, locale=babel(tag))


def days(first: date, last: date, tag: str) -> str:
    """1–18 May 2025, 2025年5月1日至18日."""
    return format_interval(first, last, "yMMMMd", locale=babel(tag)).translate(_SPACES)


def clock_time(value: datetime, tag: str) -> str:
    """6:05 pm, 下午6:05: no seconds and no zone, since it is the time of the place."""
    locale = babel(tag)
    if locale.language in {"en", "zh"}:
        # The short form of en-GB is the railway's 18:05; that of zh-Hans leaves out 下午.
        return format_skeleton("hm", value, locale=locale).translate(_SPACES)
    return format_time(value.time(), "short", locale=locale).translate(_SPACES)


def moment(value: datetime, tag: str) -> str:
    """Weekday, day and time on the wall: Saturday, 5 December 2026, 6:05 pm, 2026年12月5日星期六下午6:05."""
    weekday = format_date(value, "full", locale=babel(tag))
    return ("" if script(tag) else ", ").join((weekday, clock_time(value, tag)))


def leaf(value: date | datetime, tag: str) -> tuple[str, str, str]:
    """Month, day and weekday as the leaf of a calendar has them: Nov, 7, Saturday; 11月, 7, 星期六."""
    locale = babel(tag)
    return format_skeleton("MMM", value, locale=locale), str(value.day), format_date(value, "EEEE", locale=locale)


def period(start: datetime, end: datetime, tag: str) -> str:
    """From one moment to another; the day once where it is the same."""
    last = clock_time(end, tag) if start.date() == end.date() else moment(end, tag)
    return f"{moment(start, tag)}至{last}" if script(tag) else f"{moment(start, tag)} – {last}"


def listed(items: Sequence[str], tag: str) -> str:
    """甲、乙及丙, A, B and C."""
    return format_list(items, locale=babel(tag))


def number(value: Decimal | int, tag: str) -> str:
    """1,234, or as the language groups its digits."""
    return format_decimal(value, locale=babel(tag))


_SIGNS = {"HKD": "HK$", "GBP": "£"}
_CHINESE = {
    "Hant": {"HKD": ("港幣", "元"), "GBP": ("", "英鎊"), "units": ("億", "萬")},
    "Hans": {"HKD": ("港币", "元"), "GBP": ("", "英镑"), "units": ("亿", "万")},
}
_YI, _WAN, _MILLION = 10**8, 10**4, 10**6


def money(value: Decimal, currency: str, tag: str) -> str:
    """A sum as people write it, 港幣250萬元 / HK$2.5 million; CLDR's short and long forms do neither well.

    Counted in large units only where two decimals of them say it exactly: nobody's accounts are rounded.
    """
    if written := script(tag):
        words = _CHINESE[written]
        before, after = words[currency]
        for size, unit in zip((_YI, _WAN), words["units"], strict=True):
            if short := _short(value, size):
                return f"{before}{short}{unit}{after}"
        return f"{before}{_exact(value, tag)}{after}"
    if babel(tag).language == "en" and (short := _short(value, _MILLION)):
        return f"{_SIGNS[currency]}{short} million"
    return f"{_SIGNS[currency]}{_exact(value, tag)}"


def _short(value: Decimal, size: int) -> str:
    """``value`` in units of ``size`` without idle noughts; empty where that is not exact, or less than one."""
    units = value / size
    return f"{units:.2f}".rstrip("0").rstrip(".") if units >= 1 and units == round(units, 2) else ""


def _exact(value: Decimal, tag: str) -> str:
    """Digit by digit, with cents where there are any."""
    return format_decimal(value, "#,##0" if value == int(value) else "#,##0.00", locale=babel(tag))


def greeting(name: str | None, tag: str) -> str:
    """The opening line for a reader: the name as typed, or a friend's without one."""
    say = translator(tag)
    typed = " ".join((name or "").split())
    return say("Dear %(name)s,") % {"name": typed} if typed else say("Dear friend,")
