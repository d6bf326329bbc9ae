"""What is particular to Chinese text: which characters are Han, how wide a line is, and reading time."""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

# Written as escapes: normalisation turns the compatibility ideographs themselves into others.
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""For a character class: CJK ideographs of all blocks, with 々〆〇."""
WIDE = HAN + "\u2e80-\u2fdf\u3000-\u303f\ufe30-\ufe4f\uff00-\uffef"
"""The same with radicals, CJK punctuation and full-width forms."""

_HAN = re.compile(f"[{HAN}]")
# A run of letters and digits, joined inside by ’ ' . , - – or /.
_WORD = re.compile(r"[^\W_]+(?:[’'.,\-–/][^\W_]+)*")
# Addresses are ASCII, and Chinese stands before and behind them without a space.
_URL = re.compile(r"(?:https?://|mailto:)[!-~]+")
HASHTAG = re.compile(r"(?<!&)[#＃][^\W#＃]+")
"""A word of its own in any script: #留住石級."""

HAN_PER_MINUTE = 400
WORDS_PER_MINUTE = 238
"""How fast people read without speaking: English non-fiction after Brysbaert (2019), Chinese by judgement."""


def is_chinese(tag: str) -> bool:
    """Whether a BCP 47 tag names a language written in Han: Chinese, or Cantonese or Mandarin by name."""
    return tag.split("-", maxsplit=1)[0].lower() in {"zh", "yue", "cmn"}


def has_han(text: str) -> bool:
    """Whether a text holds any Han."""
    return _HAN.search(text) is not None


def count(text: str) -> tuple[int, int]:
    """(Han, words) of a text; addresses of pages and punctuation count for nothing."""
    plain, tags = HASHTAG.subn(" ", _URL.sub(" ", text))
    return len(_HAN.findall(plain)), tags + len(_WORD.findall(_HAN.sub(" ", plain)))


def width(text: str) -> int:
    """How wide a line is, in columns: Han and all else that is set as wide as Han takes two (UAX 11)."""
    shown = (each for each in text if not unicodedata.combining(each))
    return sum(2 if unicodedata.east_asian_width(each) in {"W", "F"} else 1 for each in shown)


def reading_minutes(text: str, han_per_minute: int | None = None, words_per_minute: int | None = None) -> int:
    """Minutes to read a text of either language or both: rounded half up, at least one."""
    han, words = count(text)
    minutes = Decimal(han) / (han_per_minute or HAN_PER_MINUTE)
    minutes += Decimal(words) / (words_per_minute or WORDS_PER_MINUTE)
    return max(1, int(minutes.quantize(Decimal(1), ROUND_HALF_UP)))
