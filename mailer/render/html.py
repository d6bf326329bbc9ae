"""The HTML form of a variant: its parts through the MJML templates."""

from functools import lru_cache, partial
from itertools import groupby

from jinja2 import Environment

from mailer.i18n import languages
from mailer.model import Edition
from mailer.render import markdown, theme
from mailer.render.holes import Marks
from mailer.render.layout import Part, View, parts, sequence
from mailer.render.mjml import compile_mjml
from mailer.render.origin import environment, fill
from mailer.resources import folder

# What does not stand on plain paper.
_BANDS = {"masthead": "band", "footer": "foot"} | dict.fromkeys(
    ("language_jump", "stats", "pull_quote", "event", "action", "donation", "share", "social"), "panel"
)
# A letter among letters has no coloured head.
_PLAIN = "plain-letter"


@lru_cache
def _templates() -> Environment:
    return environment(folder("templates") / "email")


def render(edition: Edition, mode: str, marks: Marks, *, web: bool) -> str:
    """The whole document with its marks. ``web``: for the web version, which knows no reader."""
    look = theme.look(edition.newsletter)
    laid_out = parts(edition, mode, marks)
    mjml = fill(
        _templates(),
        parts=laid_out,
        bands=_bands(edition, laid_out),
        plain=edition.template == _PLAIN,
        tags=languages(mode),
        look=look,
        web=web,
        web_mark=marks.mark("web"),
        markdown=partial(markdown.html, link_colour=look.accent),
        line=partial(markdown.line, link_colour=look.accent),
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
