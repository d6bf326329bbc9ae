"""The HTML form of a variant: its parts through the MJML templates."""

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import groupby
from typing import NamedTuple

from jinja2 import Environment

from mailer.model import Edition
from mailer.render import markdown, theme
from mailer.render.layout import Part, View, sequence
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


class Pages(NamedTuple):
    """The same document twice, with its marks: as a mail, and as the web version, which knows no reader."""

    mail: str
    web: str


def render(edition: Edition, laid_out: Sequence[Part]) -> Pages:
    """Both documents of a variant; what stands between two fences is in the mail alone."""
    look = theme.look(edition.newsletter)
    marks = laid_out[0].marks
    fence = marks.mark("mail-only")
    pieces = fill(
        _templates(),
        parts=laid_out,
        bands=_bands(edition, laid_out),
        plain=edition.template == _PLAIN,
        tags=[part.tag for part in laid_out],
        look=look,
        fence=fence,
        web_mark=marks.mark("web"),
        markdown=partial(markdown.html, link_colour=look.accent),
        line=partial(markdown.line, link_colour=look.accent),
    ).split(fence)
    return Pages(compile_mjml("".join(pieces)), _as_page(compile_mjml("".join(pieces[::2]), seen=True)))


def _bands(edition: Edition, laid_out: Sequence[Part]) -> list[tuple[str, list[tuple[Part, View]]]]:
    """Neighbours on the same ground together: each band costs a mail a kilobyte of tables."""
    grounds = _BANDS | ({"masthead": "paper"} if edition.template == _PLAIN else {})
    runs = groupby(sequence(edition, laid_out), key=lambda each: grounds.get(each[1].type, "paper"))
    return [(band, list(run)) for band, run in runs]


def _as_page(document: str) -> str:
    """A mail is an article inside a mail program's page; the web version is a page, and this its main part."""
    return document.replace(' aria-roledescription="email"', "", 1).replace(' role="article"', ' role="main"', 1)
