"""Importers by the kind of what was handed in: each makes a proposal of it."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from mailer.compose.intake import feed
from mailer.compose.intake.given import Given, Kind
from mailer.compose.intake.post import Feed
from mailer.compose.intake.proposal import Proposal
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
    slug = wish.slug or _slug(first)
    feeds = [Feed(each.language, each.octets(), each.url, each.charset) for each in handed]
    return feed.propose(feeds, slug, ZoneInfo(wish.zone), known=wish.known, since=wish.since, fetch=wish.fetch)


def _slug(given: Given) -> str:
    """A slug from what the source is called."""
    last = urlsplit(given.url).path.rstrip("/").rpartition("/")[2] if given.url else Path(given.name).stem
    made = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40].strip("-")
    if not re.fullmatch(SLUG, made):
        raise WrongUsageError(N_("Name the edition with --slug: nothing in its source would do."))
    return made
