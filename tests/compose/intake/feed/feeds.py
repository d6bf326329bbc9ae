"""Feeds of an invented blog, written as its tests need them."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from mailer.compose.intake.feed.post import Feed

ADDRESS = "https://tide.example/feed.xml"


def item(title: str, link: str = "", about: str = "", when: str = "", language: str = "", more: str = "") -> str:
    """One item of RSS; ``about`` is HTML, ``when`` RFC 822, ``more`` XML."""
    named = {"title": title, "link": link, "description": about, "pubDate": when}
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in named.items() if text)
    return f"<item{f' xml:lang={quoteattr(language)}' if language else ''}>{inside}{more}</item>"


def rss(items: Iterable[str], *, title: str = "潮信", language: str = "zh-HK") -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:media="http://search.yahoo.com/mrss/"><channel>'
        f"<title>{escape(title)}</title><language>{language}</language>{''.join(items)}</channel></rss>"
    ).encode()


def chinese(*items: str) -> Feed:
    return Feed("zh-Hant-HK", rss(items), ADDRESS)


def english(*items: str) -> Feed:
    return Feed("en-GB", rss(items, title="Tideline", language="en"), ADDRESS)


def mixed(*items: str, language: str = "en-US") -> Feed:
    """One whose language nobody told us, and whose own word for it may be wrong."""
    return Feed(None, rss(items, language=language), ADDRESS)
