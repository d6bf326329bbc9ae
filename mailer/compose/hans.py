"""Simplified Chinese, converted from the Traditional that people write: a draft for readers who ask for it.

Only words are converted, and once only: a second pass would take what is Simplified already for Traditional.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from opencc import OpenCC

from mailer.chinese import HAN, HASHTAG
from mailer.compose.parsed import PARSER
from mailer.i18n import AUTOMATIC, ZH

_CODE = {"fence", "code_block"}
# What a conversion would break, or what is nobody's prose.
_FIXED = re.compile(
    "|".join(
        [
            r"(?P<ticks>(?<!`)`+(?!`))(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)",  # code in a line
            (
                r"\]\((?:<[^<>\n]*>|(?:[^()\s]|\((?:[^()\s]|\([^()\s]*\))*\))*)"
                r"""(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)"""
            ),  # where a link leads, its title
            r"<[A-Za-z][A-Za-z0-9+.-]*:[^<>\s]*>|<[^<>\s]+@[^<>\s]+>",
            # Han belongs to a bare address only behind one of its signs: behind a letter the sentence goes on.
            rf"(?:https?://|mailto:|www\.)[!-~]+(?:(?<=[/=?#&_-])[{HAN}]+[!-~]*)*",
            r"\{\{(?:(?!\n\s*\n).)*?\}\}|\{[^{}\n]*\}|%\([^)\n]*\)s",
            HASHTAG.pattern,
        ]
    ),
    re.MULTILINE | re.DOTALL,
)
# Beyond the first plane and in Extension A fonts have gaps: readers would see empty boxes.
_RARE = re.compile("[\u3400-\u4dbf\U00010000-\U0010ffff]")
_HAN = re.compile(f"[{HAN}]")


@dataclass(frozen=True, slots=True)
class Converted:
    """A text in Simplified Chinese; ``kept``: the characters that stay as they were, for staff to look at."""

    text: str
    kept: str = ""


def simplified(text: str, protected: Mapping[str, str]) -> str:
    """A text of Markdown in Simplified Chinese; ``protected`` terms become exactly what is given for each."""
    return convert(text, protected).text


def convert(text: str, protected: Mapping[str, str]) -> Converted:
    """The same, with what could not be converted."""
    return _convert(text, tuple(protected.items()))


def with_simplified(names: Mapping[str, str], protected: Mapping[str, str]) -> dict[str, str]:
    """Names by language, with a Simplified one where only the Traditional was given."""
    converted = {AUTOMATIC: simplified(names[ZH], protected)} if ZH in names and AUTOMATIC not in names else {}
    return {**names, **converted}


# A variant's three forms and its modes ask for the same texts again and again.
@lru_cache(maxsize=2048)
def _convert(text: str, protected: tuple[tuple[str, str], ...]) -> Converted:
    if not _HAN.search(text):
        return Converted(text)
    terms, held = dict(protected), _Held(text + "".join(form for _, form in protected))
    masked = held.hold(_FIXED, _code_held(text, held))
    if terms:
        longest_first = sorted(map(re.escape, terms), key=len, reverse=True)
        masked = held.hold(re.compile("|".join(longest_first)), masked, terms.__getitem__)
    rare = "".join(sorted(character for character in set(_HAN.findall(masked)) if _becomes_rare(character)))
    if rare:
        masked = held.hold(re.compile(f"[{rare}]"), masked)
    return Converted(held.restore(_opencc(masked)), rare)


class _Held:
    """Pieces of a text that stand aside while the rest is converted, each behind a character that it has nowhere."""

    def __init__(self, text: str) -> None:
        self._free = _unused(text)
        self._pieces: dict[str, str] = {}

    def put(self, piece: str) -> str:
        """A character that stands for this piece."""
        sign = next(self._free)
        self._pieces[sign] = piece
        return sign

    def hold(self, pattern: re.Pattern[str], text: str, becomes: Callable[[str], str] = str) -> str:
        """``text`` with every match put aside, as what it ``becomes``."""
        return pattern.sub(lambda found: self.put(becomes(found[0])), text)

    def restore(self, text: str) -> str:
        """``text`` with every piece back in its place; a later one may hold an earlier one."""
        for sign, piece in reversed(self._pieces.items()):
            text = text.replace(sign, piece)
        return text


def _unused(text: str) -> Iterator[str]:
    """Private-use characters that do not occur in a text."""
    taken = set(text)
    for first, last in ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)):
        yield from (chr(code) for code in range(first, last + 1) if chr(code) not in taken)


def _code_held(text: str, held: _Held) -> str:
    """``text`` with its blocks of code put aside: what is one depends on all that stands around it."""
    lines = text.split("\n")
    for token in PARSER.parse(text):
        if token.type in _CODE and token.map:
            start, end = token.map
            # The lines stay, since those behind them are counted.
            lines[start:end] = [held.put(line) if line else line for line in lines[start:end]]
    return "\n".join(lines)


@lru_cache(maxsize=16384)
def _becomes_rare(character: str) -> bool:
    converted = _opencc(character)
    return converted != character and _RARE.search(converted) is not None


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("hk2s")


def _opencc(text: str) -> str:
    return str(_converter().convert(text))
