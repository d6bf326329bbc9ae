"""Mixed scripts: Simplified characters in a Traditional text, Traditional ones in a Simplified text."""

import re
from collections.abc import Iterator
from functools import lru_cache

from opencc import OpenCC

from mailer.chinese import HAN
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Reading
from mailer.i18n import script

_HAN = re.compile(f"[{HAN}]")
_SHOWN = 10
# Simplified forms that Big5 has all the same, as rare characters that hardly anybody means.
_RARE_IN_BIG5 = frozenset("万与价优体党厂吨圣庄异怀惊扰据极构柜气洁种离确网适")
# Hong Kong writes these beside their Traditional forms.
_AT_HOME = frozenset("册却厨厦猫猪户脚峰秆葱携凉")


def check(reading: Reading) -> Iterator[Finding]:
    """Characters that the script of a text has not; what the glossary wants so may stay."""
    terms = [term.zh for term in reading.edition.newsletter.terms if term.zh]
    right = re.compile("|".join(map(re.escape, sorted(terms, key=len, reverse=True))) or "(?!)")
    for passage in reading.passages:
        if written := script(passage.locale):
            is_strange = is_simplified if written == "Hant" else is_traditional
            han = dict.fromkeys(_HAN.findall(right.sub("", passage.said.prose)))
            if strange := "".join(filter(is_strange, han)):
                yield passage.finding(Fault.MIXED_SCRIPT, characters=strange[:_SHOWN])


@lru_cache(maxsize=32768)
def is_simplified(character: str) -> bool:
    """Whether a character is Simplified alone: 后 and 里 are Traditional, too, and in Big5 for that."""
    if character in _AT_HOME or (_is_in(character, "big5") and character not in _RARE_IN_BIG5):
        return False
    # A variant of a Traditional character, 爲 or 衆, is changed either way.
    return _converted("s2hk", character) != character and _converted("t2s", character) == character


@lru_cache(maxsize=32768)
def is_traditional(character: str) -> bool:
    """Whether a character is Traditional alone: 乾 and 著 are Simplified, too, and in GB 2312 for that."""
    return not _is_in(character, "gb2312") and _converted("t2s", character) != character


def _is_in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache
def _converter(name: str) -> OpenCC:
    return OpenCC(name)


def _converted(name: str, character: str) -> str:
    return str(_converter(name).convert(character))
