"""Numbers, dates and times of day in a text of Chinese or English, each as a value that can be compared.

What is written in digits can be missed in another language; what is written in words only answers for it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from mailer.chinese import HASHTAG
from mailer.compose.check.numerals import HAN_NUMERAL, english_numbers, han, han_numbers

_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，：％", "0123456789.,:%")
_NOON = 12 * 60
_MORNING, _EVENING = {"上午", "早上", "清晨", "凌晨", "am"}, {"下午", "傍晚", "晚上", "晚", "pm"}
_HALF_HOURS = {None: 0, "半": 30, "正": 0}

_MONTHS = (
    "January|Jan February|Feb March|Mar April|Apr May June|Jun July|Jul August|Aug September|Sept|Sep"
    " October|Oct November|Nov December|Dec"
)
_MONTH = {name: number for number, names in enumerate(_MONTHS.split(), 1) for name in names.split("|")}
_MONTH_NAME = rf"({'|'.join(sorted(_MONTH, key=len, reverse=True))})\b\.?"
_ST = "(?:st|nd|rd|th)?"
_TO = r"\s?(?:–|-|/|,|&|to|and|or)\s?"


class Number(NamedTuple):
    """A number; ``mark``: its currency, or that it is in percent."""

    key: Decimal
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.key:,f}%" if self.mark == "%" else f"{self.mark}{self.key:,f}"


class Day(NamedTuple):
    """A month and a day of it; ``mark``: the year."""

    key: tuple[int, int]
    mark: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, [self.mark, *(f"{part:02}" for part in self.key)]))


class Clock(NamedTuple):
    """Minutes after midnight or noon; ``mark``: am or pm."""

    key: int
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.key // 60 or 12}:{self.key % 60:02} {self.mark}".strip()


Value = Number | Day | Clock
"""What can be compared. Two of one ``key`` are the same in two languages, unless both are marked, and otherwise."""


@dataclass
class Quantities:
    """All that a text counts and dates. Those in words stand apart: nobody is asked for them."""

    numbers: list[Number] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    times: list[Clock] = field(default_factory=list)
    in_words: list[Number] = field(default_factory=list)
    days_in_words: list[Day] = field(default_factory=list)
    times_in_words: list[Clock] = field(default_factory=list)


def quantities(text: str) -> Quantities:
    """What a text in Chinese or English counts and dates; hashtags count nothing."""
    found = Quantities()
    # Each reader takes what it understood out of the text.
    rest = HASHTAG.sub(" ", text.translate(_FULL_WIDTH))
    for pattern, take in _READERS:
        rest = pattern.sub(_taken(take, found), rest)
    found.in_words += [Number(value) for value in (*han_numbers(rest), *english_numbers(rest))]
    return found


def _taken(take: Callable[[Quantities, re.Match[str]], None], found: Quantities) -> Callable[[re.Match[str]], str]:
    def taken(match: re.Match[str]) -> str:
        take(found, match)
        return "\n"

    return taken


# Days


def _days(found: Quantities, month: int, days: str, year: str | None) -> None:
    found.days += [Day((month, int(day)), year or "") for day in re.findall(r"\d+", days)]


def _chinese_days(found: Quantities, match: re.Match[str]) -> None:
    _days(found, int(match[2]), match[3], match[1])


def _han_day(found: Quantities, match: re.Match[str]) -> None:
    year = str(han(match[1])) if match[1] else ""
    found.days_in_words.append(Day((han(match[2]), han(match[3])), year))


def _english_days(found: Quantities, match: re.Match[str]) -> None:
    _days(found, _MONTH[match[2]], match[1], match[3])


def _american_days(found: Quantities, match: re.Match[str]) -> None:
    _days(found, _MONTH[match[1]], match[2], match[3])


def _month(found: Quantities, match: re.Match[str]) -> None:
    """Neither counted nor compared: English writes a month of the year where Chinese has a number."""


# Times


def _clock(hour: int, minute: int, half: str) -> Clock:
    spoken = "am" if half in _MORNING or hour == 0 else "pm" if half in _EVENING or hour > 12 else ""  # noqa: PLR2004 — noon
    return Clock((hour * 60 + minute) % _NOON, spoken)


def _chinese_time(found: Quantities, match: re.Match[str]) -> None:
    minute = int(match[3] or match[4] or 0) or _HALF_HOURS[match[5]]
    found.times.append(_clock(int(match[2]), minute, match[1] or ""))


def _han_time(found: Quantities, match: re.Match[str]) -> None:
    found.times_in_words.append(_clock(han(match[2]), _HALF_HOURS[match[3]], match[1]))


def _english_time(found: Quantities, match: re.Match[str]) -> None:
    half = match[5].lower().replace(".", "")
    if match[1]:
        # The first of two has the half of the second, or that before it.
        found.times.append(_clock(int(match[1]), int(match[2] or 0), ""))
    found.times.append(_clock(int(match[3]), int(match[4] or 0), half))


def _noon(found: Quantities, match: re.Match[str]) -> None:
    found.times_in_words.append(Clock(0, "pm" if match[0].lower() == "noon" else "am"))


# Numbers

_UNITS = {
    "HK$": "HK$",
    "港幣": "HK$",
    "港元": "HK$",
    "港币": "HK$",
    "US$": "US$",
    "美元": "US$",
    "美金": "US$",
    "£": "£",
    "英鎊": "£",
    "英镑": "£",
    "€": "€",
    "歐元": "€",
    "%": "%",
    "per cent": "%",
    "percent": "%",
    "成": "%",
}
_SCALES = {
    "十": 10,
    "百": 100,
    "千": 10**3,
    "萬": 10**4,
    "万": 10**4,
    "億": 10**8,
    "亿": 10**8,
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "m": 10**6,
    "k": 10**3,
}
_SHORT_SCALES = frozenset({"bn", "m", "k"})


def _number(found: Quantities, match: re.Match[str]) -> None:
    value = Decimal(match["digits"].replace(",", ""))
    scale = (match["scale"] or "").lower()
    # Without a currency these are metres, or anything.
    if match["before"] or scale not in _SHORT_SCALES:
        for each in re.findall("[a-z]+|.", scale):
            value *= _SCALES[each]
    unit = _UNITS.get(match["after"] or "", "") or _UNITS.get(match["before"] or "", "")
    if match["after"] == "成":
        value *= 10
    found.numbers.append(Number(value.normalize(), unit))


_HOURS = "(上午|下午|早上|清晨|凌晨|中午|傍晚|晚上|晚)"
_READERS: tuple[tuple[re.Pattern[str], Callable[[Quantities, re.Match[str]], None]], ...] = (
    (
        re.compile(
            r"(?:(\d{4})年)?(?<!\d)(\d{1,2})月((?:\d{1,2}[日號号]?(?:至|到|及|和|與|或|、|[-–~～—]){1,2}){0,6}\d{1,2})[日號号]"
        ),
        _chinese_days,
    ),
    (re.compile(rf"(?:([{HAN_NUMERAL}]{{4}})年)?([{HAN_NUMERAL}]{{1,2}})月([{HAN_NUMERAL}]{{1,3}})[日號号]"), _han_day),
    (
        re.compile(
            rf"(?<![\d.,])((?:\d{{1,2}}{_ST}{_TO}){{0,6}}\d{{1,2}}){_ST}\s(?:of\s)?{_MONTH_NAME}(?:,?\s(\d{{4}})(?!\d))?"
        ),
        _english_days,
    ),
    (
        re.compile(
            rf"\b{_MONTH_NAME}\s(\d{{1,2}}{_ST}(?:{_TO}\d{{1,2}}{_ST}){{0,6}})(?![\d:])(?:,?\s(\d{{4}})(?!\d))?"
        ),
        _american_days,
    ),
    (re.compile(r"(?<!\d)\d{1,2}月"), _month),
    (
        re.compile(
            r"(?<![\d.,:])(?:(\d{1,2})(?:[.:](\d\d))?\s?(?:–|-|to|and)\s?)?(\d{1,2})(?:[.:](\d\d))?\s?([ap]\.?m\b\.?)",
            re.IGNORECASE,
        ),
        _english_time,
    ),
    (re.compile(rf"{_HOURS}?(?<!\d)(\d{{1,2}})(?:[:：](\d\d)(?!\d)|[時时](?:(\d{{1,2}})分|(半|正))?)"), _chinese_time),
    (re.compile(rf"{_HOURS}(\d{{1,2}})()[點点](?:(\d{{1,2}})分|(半|正))?"), _chinese_time),
    (re.compile(rf"{_HOURS}([{HAN_NUMERAL}]{{1,3}})[時时點点](半|正)?"), _han_time),
    (re.compile(r"\b(?:noon|midnight)\b", re.IGNORECASE), _noon),
    (
        re.compile(
            r"(?:(?P<before>HK\$|US\$|港幣|港币|£|€)\s?)?(?<![A-Za-z\d])(?<!\d[.,])(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,30}(?:\.\d{1,10})?)"
            r"(?:st|nd|rd|th|s)?(?![A-Za-z\d])(?:多|餘|余|\s)?(?P<scale>[十百千萬万億亿]{1,2}|(?:hundred|thousand|million|billion|bn|m|k)\b)?"
            r"\s?(?P<after>港元|美元|美金|英鎊|英镑|歐元|%|per cent|percent|成(?!立|為|人|員|功|長))?",
        ),
        _number,
    ),
)
"""In this order: a day before the number in it."""
