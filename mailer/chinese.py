"""What is particular to Chinese text: counting Han, and reading time."""

import re
from decimal import ROUND_HALF_UP, Decimal

# CJK ideographs of all blocks, with 々〆〇.
_HAN = re.compile("[々-〇㐀-䶿一-鿿豈-﫿\U00020000-\U000323af]")
# A run of letters and digits, joined inside by ’ ' . , - – or /.
_WORD = re.compile(r"[^\W_]+(?:[’'.,\-–/][^\W_]+)*")
_URL = re.compile(r"\b(?:https?://|mailto:)\S+")

HAN_PER_MINUTE = 400
WORDS_PER_MINUTE = 238


def count(text: str) -> tuple[int, int]:
    """(Han, words) of a text; addresses of pages and punctuation count for nothing."""
    plain = _URL.sub(" ", text)
    return len(_HAN.findall(plain)), len(_WORD.findall(_HAN.sub(" ", plain)))


def reading_minutes(text: str) -> int:
    """Minutes to read a text of either language or both: rounded half up, at least one."""
    han, words = count(text)
    minutes = Decimal(han) / HAN_PER_MINUTE + Decimal(words) / WORDS_PER_MINUTE
    return max(1, int(minutes.quantize(Decimal(1), ROUND_HALF_UP)))
