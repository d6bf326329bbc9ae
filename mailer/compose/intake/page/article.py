"""A page into a syndicated article: what it says of itself, what stands round its text, and the text.

Trafilatura tells where the text of a page begins and ends; what stands between is written by our own reader,
which keeps quotations and lists.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, tzinfo
from urllib.parse import urlsplit

import trafilatura
from lxml import etree, html

from mailer.chinese import count
from mailer.compose.intake import drafts
from mailer.compose.intake.lead import Fetch, lead
from mailer.compose.intake.markup.span import Span, Style, paragraph
from mailer.compose.intake.markup.tree import parse
from mailer.compose.intake.markup.writer import Marked, markdown
from mailer.compose.intake.notes import Notes
from mailer.compose.intake.page.charset import decoded
from mailer.compose.intake.page.head import Head, head
from mailer.compose.intake.page.reading import Reading, bare, read
from mailer.compose.intake.proposal import Oddity, Proposal
from mailer.compose.intake.tongue import tongue
from mailer.compose.parsed import visible
from mailer.compose.picture import Picture
from mailer.errors import InvalidError
from mailer.i18n import N_

_KEPT = N_(
    "%(kept)s of %(all)s words were kept (each Chinese character counts as one): read the preview beside the page."
)
_PICTURES = N_("%(n)s pictures of the page were left out: %(words)s. Add those that matter as blocks of their own.")
_SHOWN = 5
_NO_DAY = N_("The page does not say on which day it was published: add it if you know it.")
_KEY = "article"
# What is round a page's text, by element and by role (ARIA 1.2).
_AROUND = (
    "//nav | //aside | //form | //dialog | //*[@role='navigation' or @role='complementary' or @role='search']"
    " | //footer[not(ancestor::article)] | //header[not(ancestor::article) and not(.//h1)]"
)


def propose(
    raw: bytes,
    url: str | None,
    *,
    zone: tzinfo = UTC,
    tag: str | None = None,
    charset: str | None = None,
    fetch: Fetch | None = None,
) -> Proposal:
    """An edition of one article from the octets of a page that was got from ``url``.

    ``zone``: whose day it is where the page states a moment in UTC. ``tag``: its language, where the page is not to
    be asked. ``charset``: what its server said of its encoding. ``fetch`` gets its lead picture. Raises InvalidError
    for what is no page, has no text, or is too long.
    """
    notes = Notes()
    source = decoded(raw, charset, notes)
    root = parse(source)
    said = head(root, url, zone)
    main = _main(root)
    marked = markdown(etree.tostring(main, encoding="unicode", method="html"), said.base)
    found = read(marked.text, said.title, said.description, bare(_text(source)), notes)
    if not said.title or not found.fields["body"]:
        raise InvalidError(N_("No title or no text was found on the page: copy the text by hand."))
    fields = _fields(said, found, notes)
    language = tag or tongue(said.language, said.title + fields["body"])
    alt = said.picture_alt or next((each.alt for each in marked.pictures if each.url == said.picture), "")
    images = lead("lead", said.picture, alt, fetch, notes)
    data = _data(said, found, images)
    article = drafts.block(_KEY, "article", data, {language: fields | ({"alt": alt} if images else {})})
    name = drafts.slug(_last(said.url), said.title)
    draft = drafts.draft(name, "syndicated-article", {language: said.title}, [article], images)
    odd = [*notes.oddities(), *marked.odd, _figures(marked, said.title, found)]
    odd += [] if "published" in data else [Oddity(_NO_DAY)]
    if left := [each.url for each in marked.pictures if each.url != said.picture or not images]:
        odd.append(Oddity(_PICTURES, {"words": ", ".join(left[:_SHOWN]), "n": len(left)}))
    return Proposal(draft, tuple(replace(each, block=_KEY) for each in odd))


def _main(root: html.HtmlElement) -> html.HtmlElement:
    """The element that holds the article: the longest ``article`` that has most of the words, or what comes near it."""
    body = root.find("body")
    for each in body.xpath(_AROUND):
        if each.getparent() is not None and each is not body:
            each.drop_tree()
    whole = _length(body)
    for path in (".//article", ".//main", ".//*[@role='main']"):
        longest = max(body.xpath(path), key=_length, default=body)
        if longest is not body and _length(longest) * 2 > whole:
            return longest
    return body


def _last(url: str) -> str:
    """The last part of a page's address where it is a name, and not that of a program."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    name, dot, ending = last.rpartition(".")
    return last if not dot else name if ending in {"htm", "html"} and name != "index" else ""


def _length(element: html.HtmlElement) -> int:
    return len(element.text_content())


def _text(source: str) -> str:
    """The words of the page's text as far as trafilatura knows it; nothing where it finds none."""
    return trafilatura.extract(source, include_comments=False, fast=True) or ""


def _fields(said: Head, found: Reading, notes: Notes) -> dict[str, str]:
    """The texts of the article: what stands round its text goes before what the page's head says."""
    fields = {"kicker": said.section, "author": said.author, "source": said.site, **found.fields, "title": said.title}
    is_beginning = bare(visible(fields["body"])).startswith(bare(said.description).rstrip(".…[]"))
    if "abstract" not in fields and not is_beginning:
        # It is plain text, and may hold what Markdown takes for more.
        fields["abstract"] = paragraph([Span(said.description, Style())], notes)
    return fields


def _data(said: Head, found: Reading, images: Mapping[str, Picture]) -> dict[str, str]:
    """What no language changes, as far as it is known."""
    published = said.published.isoformat() if said.published else found.published
    known = {"source_url": said.url, "published": published, "licence": said.licence, "image": next(iter(images), "")}
    return {name: value for name, value in known.items() if value}


def _figures(marked: Marked, title: str, found: Reading) -> Oddity:
    """How much of the page's main part was kept."""
    kept = sum(sum(count(visible(each))) for each in (title, *found.fields.values()))
    return Oddity(_KEPT, {"kept": kept, "all": sum(count(visible(marked.text)))})
