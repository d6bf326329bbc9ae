"""Importers by the kind of what was handed in: each makes a proposal of it."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from mailer.compose.intake import drafts
from mailer.compose.intake.feed import digest
from mailer.compose.intake.feed.post import Feed
from mailer.compose.intake.given import Given, Kind
from mailer.compose.intake.page import article
from mailer.compose.intake.proposal import Proposal
from mailer.compose.intake.text import letter
from mailer.compose.intake.wordpress import selection
from mailer.compose.template import SLUG
from mailer.errors import WrongUsageError
from mailer.i18n import N_


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of an import.

    ``slug`` of the new edition, else one that fits its source; ``known``: the addresses of posts that were in an
    edition before; ``since``: no post from before that day in ``zone``; ``posts``: those of an export by number;
    ``fetch`` gets a picture's octets, without it none is taken.
    """

    slug: str | None
    zone: str
    known: Collection[str] = ()
    since: date | None = None
    posts: Sequence[int] = ()
    fetch: Callable[[str], bytes] | None = None


def propose(handed: Sequence[Given], wish: Wish) -> Proposal:
    """What the importer of this kind makes of it. Raises WrongUsageError for several things of which one goes alone."""
    first = handed[0]
    if any(each.kind is not first.kind for each in handed) or (len(handed) > 1 and first.kind is not Kind.FEED):
        raise WrongUsageError(N_("Several sources can be joined only where all of them are feeds."))
    found = _IMPORTERS[first.kind](handed, wish)
    draft = found.draft.model_copy(update={"slug": wish.slug}) if wish.slug else found.draft
    if not re.fullmatch(SLUG, draft.slug):
        raise WrongUsageError(N_("Name the edition with --slug: nothing in its source would do."))
    return Proposal(draft, found.odd)


def _feeds(handed: Sequence[Given], wish: Wish) -> Proposal:
    feeds = [Feed(each.language, each.octets(), each.url, each.charset) for each in handed]
    name = drafts.slug(urlsplit(feeds[0].url).hostname or Path(handed[0].name).stem, "digest")
    return digest.propose(feeds, name, ZoneInfo(wish.zone), known=wish.known, since=wish.since, fetch=wish.fetch)


def _wordpress(handed: Sequence[Given], wish: Wish) -> Proposal:
    (given,) = handed
    return selection.propose(given.file(), wish.posts, since=wish.since, fetch=wish.fetch)


def _page(handed: Sequence[Given], wish: Wish) -> Proposal:
    (given,) = handed
    raw = given.octets()
    return article.propose(
        raw,
        given.url or None,
        zone=ZoneInfo(wish.zone),
        tag=given.language,
        charset=given.charset or None,
        fetch=wish.fetch,
    )


def _text(handed: Sequence[Given], _: Wish) -> Proposal:
    (given,) = handed
    path = Path(urlsplit(given.url).path if given.url else given.name)
    return letter.propose(given.octets(), path.stem, tag=given.language, markdown=path.suffix.lower() == ".md")


_IMPORTERS: dict[Kind, Callable[[Sequence[Given], Wish], Proposal]] = {
    Kind.FEED: _feeds,
    Kind.WORDPRESS: _wordpress,
    Kind.PAGE: _page,
    Kind.TEXT: _text,
}
