"""Numbers in words, Chinese and English: 三十多, 六成, twenty-seven, three hundred, twice."""

import re
from collections.abc import Iterator
from decimal import Decimal

_HAN_DIGITS = {"〇": 0, "零": 0, "一": 1, "二": 2, "兩": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7}
_HAN_DIGITS |= {"八": 8, "九": 9}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}
_HAN_SCALES = {"萬": 10**4, "万": 10**4, "億": 10**8, "亿": 10**8}
_TWENTY, _THIRTY = "廿", "卅"
HAN_NUMERAL = "〇零一二兩两三四五六七八九十百千萬万億亿廿卅"
"""For a character class."""
_HAN_NUMBER = re.compile(rf"[{HAN_NUMERAL}]{{1,24}}")
_PERCENT = Decimal(10)
_SHARE = re.compile(rf"([{HAN_NUMERAL}]{{1,3}})成(半)?|百分之([{HAN_NUMERAL}]{{1,12}})")

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
    " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_OTHERS = {"once": 1, "single": 1, "twice": 2, "both": 2, "pair": 2, "couple": 2, "thrice": 3, "dozen": 12, "score": 20}
_OTHERS |= {"a": 1, "an": 1, "half": 0, "no": 0, "none": 0, "nobody": 0, "quarter": 0}
_WORDS: dict[str, int] = (
    _OTHERS
    | {word: value for value, word in enumerate(_ONES.split())}
    | {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
    | {word: value for value, word in enumerate(_ORDINALS.split(), 1)}
)
_WORD = re.compile(r"[a-z]+")


def han(numeral: str) -> int:
    """The value of a Chinese numeral: 二百四十, 一千二百八十, 二〇二六, 廿七."""
    numeral = numeral.replace(_TWENTY, "二十").replace(_THIRTY, "三十")
    if not set(numeral) & (_HAN_TENS.keys() | _HAN_SCALES.keys()):
        return int("".join(str(_HAN_DIGITS[each]) for each in numeral))
    total = section = last = 0
    digit = None
    for each in numeral:
        if each in _HAN_DIGITS:
            digit = _HAN_DIGITS[each]
        elif each in _HAN_TENS:
            section += (1 if digit is None else digit) * _HAN_TENS[each]
            digit = None
        else:
            scale, section = _HAN_SCALES[each], section + (digit or 0)
            # 一萬億 is 萬 times 億, and 一億二萬 both together.
            total = (total + section or 1) * scale if scale > last else total + section * scale
            section, digit, last = 0, None, scale
    return total + section + (digit or 0)


def han_numbers(text: str) -> Iterator[Decimal]:
    """Every number that a Chinese text writes in Han, and the percentages of 成 and 百分之."""
    for found in _SHARE.finditer(text):
        yield Decimal(han(found[1])) * _PERCENT + (5 if found[2] else 0) if found[1] else Decimal(han(found[3]))
    yield from (Decimal(han(found[0])) for found in _HAN_NUMBER.finditer(text))


def english_numbers(text: str) -> Iterator[Decimal]:
    """Every number that an English text writes in words; in a row of them, also each by itself."""
    value = part = 0
    inside = False
    end = 0
    for found in _WORD.finditer(text.lower()):
        word = found[0]
        apart = text[end : found.start()].strip(" \n-") not in {"", "–"}
        end = found.end()
        if inside and (apart or word not in _WORDS.keys() | _SCALES.keys() | {"and"}):
            yield Decimal(value + part)
            value = part = 0
            inside = False
        if word in _SCALES:
            part = (part or 1) * _SCALES[word]
            if _SCALES[word] >= 1000:  # noqa: PLR2004 — from here on a part is complete
                value, part = value + part, 0
            inside = True
        elif word in _WORDS:
            yield Decimal(_WORDS[word])
            part = part * 12 if word == "dozen" and part else part + _WORDS[word]
            inside = True
    if inside:
        yield Decimal(value + part)
