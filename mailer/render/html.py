"""The HTML form of a variant: its parts through the MJML templates."""

from functools import lru_cache, partial

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailer.i18n import languages
from mailer.model import Edition
from mailer.render.holes import Marks
from mailer.render.layout import parts
from mailer.render.markdown import html as markdown_html
from mailer.render.mjml import compile_mjml
from mailer.resources import folder

_LOOK = {
    "ink": "#23323a",
    "soft": "#5b6a70",
    "paper": "#ffffff",
    "ground": "#efe9dd",
    "band": "#12414f",
    "band_ink": "#ffffff",
    "accent": "#a3471c",
    "rule": "#d9cfbd",
}
"""The colours of a newsletter whose theme names none."""


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
    look = _LOOK | edition.newsletter.theme
    mjml = _environment().get_template("edition.mjml").render(
        parts=parts(edition, mode, marks),
        tags=languages(mode),
        look=look,
        web=web,
        web_mark=marks.mark("web"),
        preheader=preheader(edition, mode),
        markdown=partial(markdown_html, link_colour=look["accent"]),
    )
    return compile_mjml(mjml)


def preheader(edition: Edition, mode: str) -> str:
    """What an inbox shows beside the subject; of two languages, one after the other."""
    front = edition.blocks[0]
    return " ｜ ".join(front.text(tag)["preheader"] for tag in languages(mode))
