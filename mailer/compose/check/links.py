"""Links: whether they lead anywhere, safely, openly, and without giving anybody away."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import SplitResult

from mailer.compose.blocks import data_of
from mailer.compose.check import address
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import GAP, Link, Passage, Reading, cut
from mailer.compose.data import addresses
from mailer.errors import Term

# What is left of a link whose Markdown is broken, or that is written by reference.
_TYPED = re.compile(
    r"\[[^\[\]\n]{1,80}\](?:\(|\[[^\[\]\n]{0,40}\]|: ?(?=\ufffc))|[\]］] ?[(（](?=\ufffc)",
)
_SHOWN_HOST = re.compile(
    r"(?:https?://|www\.)([\w.-]+\w)\S*|([\w-]+(?:\.[\w-]+)*\.(?:com|org|net|info|edu|gov|hk|tw|uk|io|example))(?:/\S*)?",
    re.IGNORECASE,
)
_LONGEST = 300
_ONION = ".onion"


def check(reading: Reading) -> Iterator[Finding]:
    """Every link of every text, and of each block's data."""
    for passage in reading.passages:
        for typed in dict.fromkeys(found[0] for found in _TYPED.finditer(passage.said.prose)):
            yield passage.finding(Fault.TYPED_LINK, typed=cut(address.masked(typed.replace(GAP, "…"))))
    for finding_at, link in _links(reading):
        parts = address.split(link.url)
        if parts is None:
            yield finding_at(Fault.DEAD_LINK, {"link": address.shown(link.url)})
        else:
            yield from _looked_at(finding_at, link, parts)


def asked_for(reading: Reading) -> Iterator[tuple[str, Finding]]:
    """Each link to a page, and what is to be said of it where that does not answer."""
    for finding_at, link in _links(reading):
        parts = address.split(link.url)
        if parts and parts.scheme != "mailto":
            yield link.url, finding_at(Fault.UNREACHABLE, {"link": address.shown(link.url)})


FindingAt = Callable[[Fault, dict[str, object]], Finding]
"""Makes a finding of the place where a link stands."""


def _links(reading: Reading) -> Iterator[tuple[FindingAt, Link]]:
    """Every link and its place, once in each; what a block's data leads to stands in the edition's first language."""
    edition = reading.edition
    for passage in reading.passages:
        for link in dict.fromkeys(passage.said.links):
            yield _in_text(passage), link
    for block in edition.blocks:
        for url in dict.fromkeys(addresses(data_of(block))):
            yield _in_data(block.key, edition.source_locale, url), Link(url, url)


def _in_text(passage: Passage) -> FindingAt:
    return lambda fault, values: passage.finding(fault, **values)


def _in_data(key: str, locale: str, url: str) -> FindingAt:
    # No text holds this address: without it in the finding, what one let pass would be any other on its host, too.
    return lambda fault, values: Finding(fault, key, "", locale, values | {"url": url})


def _looked_at(finding_at: FindingAt, link: Link, parts: SplitResult) -> Iterator[Finding]:
    """What is wrong with a link that leads somewhere."""
    host = address.host(parts)
    # An onion service encrypts by itself.
    if parts.scheme == "http" and not host.endswith(_ONION):
        yield finding_at(Fault.INSECURE_LINK, {"link": address.shown(link.url)})
    for what in dict.fromkeys(address.personal(parts)):
        yield finding_at(Fault.PERSONAL_LINK, {"host": host, "what": Term(what)})
    if names := address.tracking(parts):
        yield finding_at(Fault.TRACKING_LINK, {"host": host, "what": ", ".join(names)})
    if address.is_short(parts):
        yield finding_at(Fault.SHORTENED_LINK, {"host": host})
    if _misleads(link.words, host):
        yield finding_at(Fault.MISLEADING_LINK, {"words": cut(address.masked(link.words)), "host": host or "mailto:"})


def _misleads(words: str, host: str) -> bool:
    """Whether words show another host than they lead to; one may stand for its own parts."""
    found = _SHOWN_HOST.fullmatch(words.strip()) if len(words) <= _LONGEST else None
    if not found:
        return False
    shown = (found[1] or found[2]).lower().removeprefix("www.")
    return not (shown == host or shown.endswith(f".{host}") or host.endswith(f".{shown}"))
