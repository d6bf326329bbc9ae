"""The HTML form of a variant: its parts through the MJML templates."""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from itertools import groupby
from typing import NamedTuple

from jinja2 import Environment

from mailer.characters import refuse_controls
from mailer.compose.check import Fault, Finding
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


MOST_OCTETS = 95_000
"""Of a mail's HTML before any encoding: beyond about 102 KB Gmail shows the rest only to those who ask for it."""
# Far more than its source has, marks and all.
_MOST_SOURCE = 400_000


@lru_cache
def _templates() -> Environment:
    return environment(folder("templates") / "email")


class Pages(NamedTuple):
    """The same document twice, with its marks: as a mail, and as the web version, which knows no reader."""

    mail: str
    web: str


def render(edition: Edition, laid_out: Sequence[Part]) -> Pages:
    """Both documents of a variant; what stands between two fences is in the mail alone.

    Raises InvalidError for a theme, a text or a template that cannot be rendered.
    """
    look = theme.look(edition.newsletter)
    marks, mode = laid_out[0].marks, "+".join(part.tag for part in laid_out)
    texts = (said for part in laid_out for block in part.blocks for said in block.text.values())
    demand_short(mode, _octets(texts))
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
    demand_short(mode, _octets(pieces), _MOST_SOURCE)
    return Pages(compile_mjml("".join(pieces)), _as_page(compile_mjml("".join(pieces[::2]), seen=True)))


def demand_short(mode: str, octets: int, most: int = MOST_OCTETS) -> None:
    """Raise InvalidError for what is too long a mail, or can become no other: then no more time is spent on it."""
    if octets > most:
        raise Finding(Fault.TOO_LONG, "", "", mode, {"mode": mode, "size": octets // 1000}).error


def _octets(texts: Iterable[str]) -> int:
    try:
        return sum(len(said.encode()) for said in texts)
    except UnicodeEncodeError as error:
        # Half a character, which no form can hold.
        refuse_controls(error.object[error.start])
        raise


def _bands(edition: Edition, laid_out: Sequence[Part]) -> list[tuple[str, list[tuple[Part, View]]]]:
    """Neighbours on the same ground together: each band costs a mail a kilobyte of tables."""
    grounds = _BANDS | ({"masthead": "paper"} if edition.template == _PLAIN else {})
    runs = groupby(sequence(edition, laid_out), key=lambda each: grounds.get(each[1].type, "paper"))
    return [(band, list(run)) for band, run in runs]


def _as_page(document: str) -> str:
    """A mail is an article inside a mail program's page; the web version is a page, and this its main part."""
    return document.replace(' aria-roledescription="email"', "", 1).replace(' role="article"', ' role="main"', 1)
