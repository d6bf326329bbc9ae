"""Days as people write them: 17 December 2019, December 17, 2019, 2019年12月17日, 二〇一九年…, 2019-12-17."""

import re
from collections.abc import Iterator
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_HAN = "〇零一二三四五六七八九十"
_FORMS = [
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"(?<!\d){_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)",
        rf"(?<!\d){_YEAR}\s?年\s?(?P<month>\d{{1,2}})\s?月\s?(?P<day>\d{{1,2}})\s?日",
        rf"(?P<year>[{_HAN}]{{4}})年(?P<month>[{_HAN}]{{1,3}})月(?P<day>[{_HAN}]{{1,3}})日",
        rf"(?<!\d){_DAY} {_MONTH},? {_YEAR}(?!\d)",
        rf"(?<![a-z]){_MONTH} {_DAY},? {_YEAR}(?!\d)",
    )
]
_LONGEST_LINE = 40
_SENTENCE = re.compile("[。！？!?；;]")


def day(text: str) -> date | None:
    """The first day that a text names in full, or none."""
    return min(_days(text), default=(0, 0, None))[2]


def is_dateline(text: str) -> bool:
    """Whether a line says a day and little more: perhaps the day of the week, perhaps a place."""
    return len(text) <= _LONGEST_LINE and not _SENTENCE.search(text) and day(text) is not None


def _days(text: str) -> Iterator[tuple[int, int, date]]:
    for rank, form in enumerate(_FORMS):
        if found := form.search(text):
            try:
                yield found.start(), rank, date(_number(found["year"]), _month(found["month"]), _number(found["day"]))
            except ValueError:
                continue


def _month(text: str) -> int:
    return _MONTHS.index(text[:3].lower()) + 1 if text[:3].lower() in _MONTHS else _number(text)


def _number(text: str) -> int:
    """Digits, or Han: a year digit by digit (二〇一九), a month or day in tens and ones (十二, 二十一)."""
    if text.isascii():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return int("".join(str("〇一二三四五六七八九".index(each.replace("零", "〇"))) for each in text))
    return (_number(tens) if tens else 1) * 10 + (_number(ones) if ones else 0)
