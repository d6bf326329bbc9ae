"""What a page says of itself, for machines: its address, title, author, day, licence, picture."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from urllib.parse import urlsplit

from lxml import html

from mailer.compose.intake.day import day
from mailer.compose.intake.markup.link import resolved
from mailer.compose.intake.markup.tree import tidy

_LONGEST_NAME = 80
_MOST_JSON = 200_000
_DAYS = ("article:published_time", "datepublished", "date", "dc.date", "dcterms.created", "citation_publication_date")
_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Head:
    """What was found; what was not is empty or none."""

    url: str
    base: str
    title: str
    language: str
    author: str
    site: str
    section: str
    description: str
    published: date | None
    licence: str
    picture: str
    picture_alt: str


def head(root: html.HtmlElement, url: str | None, zone: tzinfo = UTC) -> Head:
    """The head of a page that was got from ``url``, where that is known."""
    meta = _meta(root)
    base = resolved(url or "", next(iter(root.xpath("//base/@href")), "")) or url or ""
    stated = resolved(base, next(iter(root.xpath("//link[@rel='canonical']/@href")), "") or meta.get("og:url", ""))
    # A page may name a better address for itself, but not one of somebody else.
    is_own = not url or urlsplit(stated).hostname == urlsplit(url).hostname
    address = stated if stated and is_own else resolved("", url or "")
    linked = list(_linked(root))
    site = meta.get("og:site_name", "")
    picture = meta.get("og:image", "") or meta.get("twitter:image", "")
    return Head(
        url=address if address.startswith("http") else "",
        base=base or address,
        title=_title(root, meta),
        language=root.get("lang", "") or root.get("xml:lang", "") or meta.get("og:locale", ""),
        author=_author(root, meta, linked, site),
        site=site,
        section=meta.get("article:section", ""),
        description=meta.get("og:description", "") or meta.get("description", ""),
        published=_published(root, meta, linked, zone),
        licence=next(filter(None, (resolved(base, each.get("href", "")) for each in _licences(root))), ""),
        picture=resolved(base, picture) if picture else "",
        picture_alt=meta.get("og:image:alt", ""),
    )


def _licences(root: html.HtmlElement) -> list[html.HtmlElement]:
    return [each for each in root.iter("a", "link") if "license" in each.get("rel", "").lower().split()]


def _meta(root: html.HtmlElement) -> dict[str, str]:
    """The first word on each matter, by its name in small letters."""
    found: dict[str, str] = {}
    for each in root.iter("meta"):
        name = each.get("property") or each.get("name") or each.get("itemprop") or ""
        if value := tidy(each.get("content", "")):
            found.setdefault(name.strip().lower(), value)
    return found


def _title(root: html.HtmlElement, meta: dict[str, str]) -> str:
    """The title in full: the heading where the page's other titles bear it out, and not what follows it there.

    A title for machines may have been cut short at a quotation mark that nobody escaped.
    """
    named = [each for each in (meta.get("og:title", ""), tidy(root.findtext(".//title") or "")) if each]
    headings = [words for each in root.iter("h1") if (words := tidy(each.text_content()))]
    borne_out = (each for each in headings if any(each in name or each.startswith(name) for name in named))
    return next(borne_out, "") or next(iter(headings if len(headings) == 1 else named or headings), "")


def _author(root: html.HtmlElement, meta: dict[str, str], linked: list[dict[str, object]], site: str) -> str:
    """A person's name, where the page gives one: nobody is made an author because the page belongs to them."""
    marked = root.xpath("//*[@rel='author' or @itemprop='author' or contains(@class, 'p-author')]")
    persons = [each.get("author") for each in linked]
    persons = [one for each in persons for one in (each if isinstance(each, list) else [each])]
    named = [each.get("name") for each in persons if isinstance(each, dict) and each.get("@type") == "Person"]
    candidates = [meta.get("author", ""), *(each.text_content() for each in marked), *filter(_is_text, named)]
    for candidate in map(tidy, map(str, candidates)):
        if candidate and len(candidate) <= _LONGEST_NAME and not re.search("[@/]", candidate) and candidate != site:
            return candidate
    return ""


def _published(
    root: html.HtmlElement, meta: dict[str, str], linked: list[dict[str, object]], zone: tzinfo
) -> date | None:
    """The day on which it came out, by the publisher's own calendar."""
    stated = [meta.get(name, "") for name in _DAYS]
    stated += [str(each["datePublished"]) for each in linked if _is_text(each.get("datePublished"))]
    stated += [str(each.get("datetime")) for each in root.iter("time") if each.get("pubdate") is not None]
    stated += [str(each) for each in root.xpath("//time[@itemprop='datePublished']/@datetime")]
    return next(filter(None, (_day(each, zone) for each in stated)), None)


def _day(stated: str, zone: tzinfo) -> date | None:
    """The day of a moment. One in UTC says nothing of the publisher's own: then it is the day in ``zone``."""
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        return day(stated)
    return (moment.astimezone(zone) if moment.utcoffset() == timedelta(0) else moment).date()


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _linked(root: html.HtmlElement) -> Iterator[dict[str, object]]:
    """The objects of its JSON-LD that may speak of the page."""
    for each in root.xpath("//script[@type='application/ld+json']"):
        try:
            value = json.loads((each.text or "")[:_MOST_JSON])
        except (ValueError, RecursionError):
            continue
        yield from _objects(value, _LEVELS)


def _objects(value: object, levels: int) -> Iterator[dict[str, object]]:
    if isinstance(value, list) and levels:
        for each in value:
            yield from _objects(each, levels - 1)
    elif isinstance(value, dict) and levels:
        yield value
        yield from _objects(value.get("@graph", []), levels - 1)
