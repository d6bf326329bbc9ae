"""Invented subscribers, any number of them and always the same: no one here has ever lived.

Their names try the system: rare Han, accents, markup, placeholders, stray spaces, nothing at all.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_SEED = 20261122

_MODES = {"zh-Hant-HK": 38, "en-GB": 24, "zh-Hant-HK+en-GB": 25, "en-GB+zh-Hant-HK": 10, "zh-Hans": 3}
_PACES = {"all": 80, "monthly": 13, "yearly": 7}
_PROVIDERS = {
    "gmail.com": 38,
    "yahoo.com.hk": 14,
    "outlook.com": 10,
    "hotmail.com": 9,
    "icloud.com": 8,
    "qq.com": 6,
    "163.com": 4,
    "oyster-shell-bay.example": 4,
    "kite-island.example": 3,
    "pritchard-and-daughters.example": 2,
    "xn--usw99d.example": 2,  # 潮汐.example
}
_NAMELESS = 0.08
_CALLED = 0.2
"""Of those with a name, how many say what they want to be called."""
_AWKWARD_AGAIN = 0.03

# fmt: off
_SURNAMES = (
    ("陳", "chan"), ("黃", "wong"), ("李", "lee"), ("張", "cheung"), ("何", "ho"), ("梁", "leung"), ("吳", "ng"),
    ("郭", "kwok"), ("霍", "fok"), ("麥", "mak"), ("歐陽", "auyeung"), ("司徒", "szeto"), ("上官", "sheungkoon"),
)
_FIRST = (("嘉", "ka"), ("志", "chi"), ("詠", "wing"), ("俊", "chun"), ("樂", "lok"), ("慧", "wai"), ("美", "mei"))
_SECOND = (("欣", "yan"), ("明", "ming"), ("詩", "sze"), ("傑", "kit"), ("婷", "ting"), ("軒", "hin"), ("晴", "ching"))
_GIVEN = ("Alice", "Zoë", "Owen", "Siobhán", "Łukasz", "Renée", "José", "Callum", "Priya", "Anne-Marie", "Søren", "Joe")
_FAMILY = ("Pritchard", "Núñez", "O’Brien", "O'Neill", "Ashworth", "Wiśniewski", "Müller", "Okafor", "Reid", "Lam")
# fmt: on

AWKWARD = (
    'Tom & "Jerry" <3',
    "黃𤋮",
    "<b>Bella</b> Bold",
    "  Mei   Lin ",
    "{{ name }} {name} %(name)s",
    "歐陽詠潮",
    "Łukasz Wiśniewski",
    "Zoë O’Brien-Núñez",
    "Robert'); DROP TABLE readers;--",
    "司徒𠮷",
    "=?utf-8?q?Eve?= <eve@evil.example>",
    "Sean O'Neill",
    "Wilhelmina Augusta Bartholomew-Fotheringham, Dowager Marchioness of Lower Oyster Shell Bay and the Outer Kites",
    "諸葛　晴 & 霍\\樂",
)
"""The names that break things, each met among the first forty people."""


@dataclass(frozen=True, slots=True)
class Person:
    """One invented subscriber; the mode names their languages in reading order."""

    address: str
    name: str
    mode: str
    pace: str
    greeting_name: str = ""


def people(count: int) -> Iterator[Person]:
    """The first ``count`` people, one at a time; each has a number, and it stands in the address."""
    dice = Random(_SEED)  # noqa: S311 — invents people, guards nothing
    for number in range(1, count + 1):
        mode = list(_MODES)[number - 1] if number <= len(_MODES) else _draw(dice, _MODES)
        name, called, handle = _name(dice, number, han=dice.random() < (0.9 if mode.startswith("zh") else 0.3))
        provider = _draw(dice, _PROVIDERS)
        local = f"demo{number}" if provider == "qq.com" else f"{handle}.demo{number}"
        yield Person(f"{local}@{provider}", name, mode, _draw(dice, _PACES), called)


def _name(dice: Random, number: int, *, han: bool) -> tuple[str, str, str]:
    """A name, perhaps what its bearer wants to be called, and what they would make of it in an address."""
    turn, other = divmod(number, 2)
    if not other and turn <= len(AWKWARD):
        return AWKWARD[turn - 1], "", _handle(AWKWARD[turn - 1])
    if dice.random() < _AWKWARD_AGAIN:
        name = dice.choice(AWKWARD)
        return name, "", _handle(name)
    if han:
        parts = [dice.choice(words) for words in (_SURNAMES, _FIRST, _SECOND)]
        name, handle = "".join(written for written, _ in parts), ".".join(spelt for _, spelt in parts)
        called = dice.choice((parts[1][0] + parts[2][0], f"阿{parts[2][0]}", f"{parts[0][0]}老師"))
    else:
        called = dice.choice(_GIVEN)
        name = f"{called} {dice.choice(_FAMILY)}"
        handle = _handle(name)
    if dice.random() < _NAMELESS:
        return "", "", handle
    return name, called if dice.random() < _CALLED else "", handle


def _handle(name: str) -> str:
    """Two words of a name in plain small letters: ``Łukasz Núñez`` → ``lukasz.nunez``."""
    plain = unicodedata.normalize("NFKD", name.translate(str.maketrans("Łłø", "Llo", "’'")))
    words = re.findall(r"[a-z]+", plain.encode("ascii", "ignore").decode().lower())
    return ".".join(words[:2]) or "reader"


def _draw(dice: Random, weights: dict[str, int]) -> str:
    return dice.choices(tuple(weights), tuple(weights.values()))[0]
