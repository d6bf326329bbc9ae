"""HTML from strangers as a tree: bounded in length and depth, and nothing in it fetched or run."""

import re

from lxml import etree, html

from mailer.characters import sift
from mailer.errors import InvalidError
from mailer.i18n import N_

_MOST_CHARACTERS = 5_000_000
_MOST_ELEMENTS = 50_000
"""Several times what large pages have."""
_WHITE = re.compile(r"[ \t\r\n]+")


def parse(source: str) -> html.HtmlElement:
    """The ``html`` element of a page or a fragment, without comments.

    Raises InvalidError for what is too long, or nests deeper than libxml2 goes (256 elements).
    """
    if len(source) > _MOST_CHARACTERS:
        raise _vast()
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    # Half a character has no UTF-8, and a NUL would end the page for libxml2.
    octets = source.replace("\0", "").encode(errors="ignore")
    try:
        found = html.document_fromstring(octets or b" ", parser=parser, ensure_head_body=True)
    except etree.ParserError:
        # Nothing but white space and comments.
        found = html.document_fromstring("<p></p>", ensure_head_body=True)
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise InvalidError(
            N_("The page has elements too deep inside each other, or one without an end: take only the text itself.")
        )
    if sum(1 for _ in found.iter()) > _MOST_ELEMENTS:
        raise _vast()
    return found


def tidy(text: str) -> str:
    """Words on one line, without characters that nobody can read; wide and no-break spaces stay as they are."""
    return _WHITE.sub(" ", sift(text)[0]).strip(" ")


def _vast() -> InvalidError:
    return InvalidError(N_("The page is far longer than any text for a mail: take only the part that is to be read."))
