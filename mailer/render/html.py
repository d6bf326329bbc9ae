"""The HTML form of a variant: its parts through the MJML templates."""

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from itertools import groupby

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailer.errors import InvalidError
from mailer.i18n import N_, languages
from mailer.model import Edition
from mailer.render import markdown
from mailer.render.holes import Marks
from mailer.render.layout import Part, View, parts, sequence
from mailer.render.mjml import compile_mjml
from mailer.resources import folder

_LOOK = {
    "ink": "#23323a",
    "soft": "#55646a",
    "paper": "#ffffff",
    "ground": "#efe9dd",
    "panel": "#f7f2e7",
    "band": "#12414f",
    "band_ink": "#ffffff",
    "accent": "#a3471c",
    "dark_ink": "#e9e4d9",
    "dark_soft": "#b5c0c2",
    "dark_paper": "#182226",
    "dark_ground": "#10181b",
    "dark_panel": "#212d32",
    "dark_band": "#0e3944",
    "dark_accent": "#f0a37c",
}
"""The colours of a newsletter whose theme names none; ``dark_`` ones where a reader's screen is dark."""

# What does not stand on plain paper.
_BANDS = {"masthead": "band", "footer": "foot"} | dict.fromkeys(
    ("language_jump", "stats", "pull_quote", "event", "action", "donation", "share", "social"), "panel"
)
# A letter among letters has no coloured head.
_PLAIN = "plain-letter"

_COLOUR = re.compile("#[0-9a-fA-F]{6}")


@lru_cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(folder("templates") / "email"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # The renderer refuses blanks without a line end between components of the head.
        keep_trailing_newline=True,
    )


def render(edition: Edition, mode: str, marks: Marks, *, web: bool) -> str:
    """The whole document with its marks. ``web``: for the web version, which knows no reader."""
    look = _look(edition.newsletter.theme)
    template = _environment().get_template("edition.mjml")
    laid_out = parts(edition, mode, marks)
    mjml = template.render(
        parts=laid_out,
        bands=_bands(edition, laid_out),
        plain=edition.template == _PLAIN,
        tags=languages(mode),
        look=look,
        web=web,
        web_mark=marks.mark("web"),
        markdown=partial(markdown.html, link_colour=look["accent"]),
        line=partial(markdown.line, link_colour=look["accent"]),
    )
    document = compile_mjml(mjml)
    return _as_page(document) if web else document


def _bands(edition: Edition, laid_out: list[Part]) -> list[tuple[str, list[tuple[Part, View]]]]:
    """Neighbours on the same ground together: each band costs a mail a kilobyte of tables."""
    grounds = _BANDS | ({"masthead": "paper"} if edition.template == _PLAIN else {})
    runs = groupby(sequence(edition, laid_out), key=lambda each: grounds.get(each[1].type, "paper"))
    return [(band, list(run)) for band, run in runs]


def _as_page(document: str) -> str:
    """A mail is an article inside a mail program's page; the web version is a page, and this its main part."""
    return document.replace(' aria-roledescription="email"', "", 1).replace(' role="article"', ' role="main"', 1)


def _look(theme: Mapping[str, str]) -> dict[str, str]:
    """The colours to use. Raises InvalidError for one that no style sheet may hold."""
    look = _LOOK | dict(theme)
    for name, colour in look.items():
        if name not in _LOOK or not _COLOUR.fullmatch(colour):
            raise InvalidError(N_("The theme's %(name)s must be a colour such as #a3471c."), name=name)
    return look
