"""Characters that texts may not hold: some could open a header or turn a line round, others no device can show."""

import unicodedata

import regex  # type: ignore[import-untyped]  # its types come apart

from mailer.errors import InvalidError
from mailer.i18n import N_

# Line separators, and what overrides the direction of a line (Unicode Standard Annex 9).
_REFUSED = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_LAYOUT = frozenset("\n\r\t")

# Of the regex package, whose Unicode is newer than Python's: to that, Han added lately would be unassigned.
_PRIVATE = regex.compile(r"\p{Co}")
_UNASSIGNED = regex.compile(r"\p{Cn}")


def sift(value: str) -> tuple[str, set[str]]:
    """``value`` without the characters that may not stand in a text, and those; line ends and tabs stay.

    For what comes from elsewhere, where nobody can type a place anew.
    """
    controls = (each for each in set(value) - _LAYOUT if unicodedata.category(each) in {"Cc", "Cs"} or each in _REFUSED)
    wrong = {*controls, *_PRIVATE.findall(value), *_UNASSIGNED.findall(value)}
    return value.translate(dict.fromkeys(map(ord, wrong))), wrong


def refuse_controls(value: str) -> str:
    """``value``, or InvalidError naming the character that may not stand in it."""
    # What Python calls printable has none of them, and that is quickly asked.
    for character in "" if value.isprintable() else value:
        if unicodedata.category(character) in {"Cc", "Cs"} or character in _REFUSED:
            raise InvalidError(
                N_("The text holds a control character (U+%(code)s): type that place anew."), code=_code(character)
            )
    return value


def refuse_unreadable(value: str) -> str:
    """``value``, or InvalidError naming a character without a meaning of its own, which readers would see as a box.

    Private-use characters are refused, too: they come out of old Hong Kong text (HKSCS before Unicode had
    its characters), and mean something on the machine where they were typed alone.
    """
    if found := _PRIVATE.search(value):
        raise InvalidError(
            N_(
                "The text holds a private-use character (U+%(code)s), as old Hong Kong text does, which others see"
                " as an empty box: type that place anew."
            ),
            code=_code(found[0]),
        )
    if found := _UNASSIGNED.search(value):
        raise InvalidError(
            N_("The text holds U+%(code)s, which is no character: type that place anew."), code=_code(found[0])
        )
    return value


def _code(character: str) -> str:
    return f"{ord(character):04X}"
