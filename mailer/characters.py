"""Characters that no line of text may hold: they could open a header, or turn the line round."""

import unicodedata

from mailer.errors import InvalidError
from mailer.i18n import N_

# Line separators, and what overrides the direction of a line (Unicode Standard Annex 9).
_REFUSED = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def refuse_controls(value: str) -> str:
    """``value``, or InvalidError naming the character that may not stand in it."""
    # What Python calls printable has none of them, and that is quickly asked.
    for character in "" if value.isprintable() else value:
        if unicodedata.category(character) in {"Cc", "Cs"} or character in _REFUSED:
            code = f"{ord(character):04X}"
            raise InvalidError(N_("The text holds a control character (U+%(code)s): type that place anew."), code=code)
    return value
