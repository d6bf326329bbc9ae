"""A newsletter's look: its colours on light and on dark screens, and how large its words are."""

import math
import re
from dataclasses import dataclass, fields, replace

from mailer.errors import InvalidError
from mailer.i18n import N_
from mailer.model import Newsletter

_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_SCALES = {"normal": 1.0, "large": 1.125}
_SMALLEST = 13

_NEEDED = 4.5
"""WCAG 2.2 AA, success criterion 1.4.3. No colour is for large words alone, for which 3 would do."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the templates take colours and sizes from; ``dark_`` ones where a reader's screen is dark.

    These are the colours of a newsletter whose theme names none.
    """

    ink: str = "#23323a"
    soft: str = "#55646a"
    paper: str = "#ffffff"
    ground: str = "#efe9dd"
    panel: str = "#f7f2e7"
    band: str = "#12414f"
    band_ink: str = "#ffffff"
    accent: str = "#a3471c"
    dark_ink: str = "#e9e4d9"
    dark_soft: str = "#b5c0c2"
    dark_paper: str = "#182226"
    dark_ground: str = "#10181b"
    dark_panel: str = "#212d32"
    dark_band: str = "#0e3944"
    dark_accent: str = "#f0a37c"
    text_size: str = "normal"

    def px(self, size: int) -> str:
        """A size in a style, from what it is in normal text: never below 13 px."""
        return f"{max(_SMALLEST, round(size * _SCALES[self.text_size]))}px"


# Of the sRGB curve (IEC 61966-2-1): linear below.
_KNEE = 0.04045

# Which words stand on which ground.
_PAIRS = (
    ("ink", "paper"),
    ("ink", "panel"),
    ("soft", "paper"),
    ("soft", "panel"),
    ("soft", "ground"),
    ("accent", "paper"),
    ("accent", "panel"),
    ("band_ink", "band"),
    ("dark_ink", "dark_paper"),
    ("dark_ink", "dark_panel"),
    ("dark_ink", "dark_band"),
    ("dark_soft", "dark_paper"),
    ("dark_soft", "dark_panel"),
    ("dark_soft", "dark_ground"),
    ("dark_accent", "dark_paper"),
    ("dark_accent", "dark_panel"),
)


def look(newsletter: Newsletter) -> Look:
    """The look that a newsletter's theme asks for.

    Raises InvalidError for a key that is none, what is no colour or size, and words that are hard to read.
    """
    known = [field.name for field in fields(Look)]
    for name, value in newsletter.theme.items():
        if name not in known:
            raise InvalidError(
                N_("The theme cannot have %(name)s; it can have: %(known)s."), name=name, known=", ".join(known)
            )
        if name == "text_size":
            if not isinstance(value, str) or value not in _SCALES:
                raise InvalidError(N_("The theme's text_size must be one of: %(known)s."), known=", ".join(_SCALES))
        elif not isinstance(value, str) or not _COLOUR.fullmatch(value):
            raise InvalidError(N_("The theme's %(name)s must be a colour such as #a3471c."), name=name)
    asked = replace(Look(), **newsletter.theme)
    _demand_contrast(asked)
    return asked


def contrast(one: str, other: str) -> float:
    """The contrast of two ``#rrggbb`` colours, 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _demand_contrast(asked: Look) -> None:
    for words, ground in _PAIRS:
        ratio = contrast(getattr(asked, words), getattr(asked, ground))
        if ratio < _NEEDED:
            raise InvalidError(
                N_(
                    "The theme's %(words)s (%(words_colour)s) cannot be read on its %(ground)s (%(ground_colour)s):"
                    " their contrast is %(ratio)s to 1, and %(needed)s is needed; make one darker or lighter."
                ),
                words=words,
                words_colour=getattr(asked, words),
                ground=ground,
                ground_colour=getattr(asked, ground),
                # Cut, not rounded: 4.499 is not 4.50.
                ratio=f"{math.floor(ratio * 100) / 100:.2f}",
                needed=_NEEDED,
            )


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _KNEE else ((channel + 0.055) / 1.055) ** 2.4
