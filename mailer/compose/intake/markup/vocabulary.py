"""The elements of HTML: what each is to a reader."""

import re

from lxml import html

from mailer.compose.intake.markup.span import Style

BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend",
    "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "ul",
}  # fmt: skip
"""What begins on a line of its own."""
UNSEEN = {"script", "style", "head", "template", "noscript", "link", "meta", "title", "datalist", "source", "track"}
"""What shows no words."""
FOREIGN = {
    "applet", "audio", "button", "canvas", "embed", "form", "frame", "frameset", "iframe", "input", "math", "meter",
    "object", "progress", "select", "svg", "textarea", "video",
}  # fmt: skip
"""What a mail cannot show."""
SPEAKING = {"applet", "audio", "embed", "form", "iframe", "math", "object", "video"}
"""What of that has something to say for itself: people should know that it is missing."""
STYLES = (
    dict.fromkeys(("strong", "b", "dt"), Style(strong=True))
    | dict.fromkeys(("em", "i", "cite"), Style(em=True))
    | dict.fromkeys(("code", "kbd", "samp", "tt"), Style(code=True))
)
"""How words in it are set."""

_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PARTS = ("table", "ul", "ol", "blockquote", "figure", "pre", "h1", "h2", "h3", "h4", "h5", "h6")


def is_unseen(element: html.HtmlElement) -> bool:
    """Whether nobody who looks at the page sees it: scripts, and what is read to the blind alone."""
    return element.tag in UNSEEN or "screen-reader-text" in element.get("class", "")


def is_hidden(element: html.HtmlElement) -> bool:
    """Whether it is words that the page does not show."""
    return element.get("hidden") is not None or _HIDING.search(element.get("style", "")) is not None


def is_data(table: html.HtmlElement) -> bool:
    """Whether a table holds rows of cells, and not the parts of a page."""
    plain = all(table.find(f".//{each}") is None for each in _PARTS)
    return plain and any(len(row) > 1 for row in table.iter("tr"))


def start(ordered: html.HtmlElement) -> int:
    """The number of a list's first item."""
    number = ordered.get("start", "")
    return int(number) if re.fullmatch("[0-9]{1,6}", number) else 1
