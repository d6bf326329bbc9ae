"""Markdown as editors write it: the tokens that both MIME parts are made from, and safe HTML.

CommonMark without raw HTML, with the CJK-friendly emphasis that Chinese needs: bold beside
「」 or 《》 is bold, and a line break beside Han is not a space.
"""

import re
from functools import lru_cache
from html import escape

import nh3
from markupsafe import Markup

from mailer.compose.parsed import PARSER, tokens

_TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "hr", "h3", "h4", "code"}

# Mail programs keep styles only where they stand on the element itself. The lines are seen on light and dark.
_STYLES = {
    "p": "margin:0 0 1em 0",
    "ul": "margin:.4em 0 1em 0;padding:0 0 0 1.3em",
    "ol": "margin:.4em 0 1em 0;padding:0 0 0 1.6em",
    "li": "margin:0 0 .4em 0",
    "blockquote": "margin:0 0 1em 0;padding:0 0 0 1em;border-left:3px solid #b09a72",
    "hr": "border:0;border-top:1px solid #b09a72;margin:1.5em 0",
    "h3": "margin:1.2em 0 .5em 0;font-size:1.1em",
    "h4": "margin:1em 0 .4em 0;font-size:1em",
}
_BARE = re.compile(rf"<({'|'.join(_STYLES)})(?=[ />])")
_LAST = re.compile(r'<p style="[^"]*">(?=(?:(?!<p ).)*</p>$)', re.DOTALL)
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)


# A variant's forms and its modes ask for the same texts again and again.
@lru_cache(maxsize=1024)
def html(source: str, link_colour: str, *, flush: bool = False) -> Markup:
    """Well-formed, cleaned HTML with inline styles; the only place where text becomes ``Markup``.

    ``flush``: nothing is left free below the last paragraph.
    """
    styled = _styled(_below(PARSER.renderer.render(tokens(source), PARSER.options, {})), link_colour)
    return Markup(_LAST.sub('<p style="margin:0">', styled)) if flush else styled  # noqa: S704 — the same, but for a margin


@lru_cache(maxsize=1024)
def line(source: str, link_colour: str) -> Markup:
    """The same for a text that stands in a line of its own: no paragraph round it."""
    return _styled(PARSER.renderInline(source), link_colour)


def _below(page: str) -> str:
    """A text's headings below the edition's own, which are h1 and h2: at two levels, none left out on the way down."""
    upper = 6

    def lowered(found: re.Match[str]) -> str:
        nonlocal upper
        level = int(found[1])
        tag = "h3" if level <= upper else "h4"
        upper = level if tag == "h3" else upper
        return f"<{tag}>{found[2]}</{tag}>"

    return _HEADING.sub(lowered, page)


def _styled(raw: str, link_colour: str) -> Markup:
    # "*" empties what nh3 lets any tag have: a title could hold what looks like one of the tags below.
    clean = nh3.clean(
        raw,
        tags=_TAGS,
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        link_rel=None,
        url_schemes={"https", "http", "mailto"},
    )
    strict = clean.replace("&nbsp;", "&#160;").replace("<br>", "<br />").replace("<hr>", "<hr />")
    styled = _BARE.sub(lambda tag: f'<{tag[1]} style="{_STYLES[tag[1]]}"', strict)
    return Markup(  # noqa: S704 — cleaned by nh3 above
        styled.replace("<a ", f'<a style="color:{escape(link_colour)};text-decoration:underline" ').strip()
    )
