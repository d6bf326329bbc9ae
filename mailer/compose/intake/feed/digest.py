"""Feeds as the digest of a blog: a card for each post that is new, in every language that it has."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from mailer.compose.intake import drafts
from mailer.compose.intake.feed.card import Cards
from mailer.compose.intake.feed.pairs import Group, headline, joined
from mailer.compose.intake.feed.permalink import key
from mailer.compose.intake.feed.post import Feed, Post, Reading, read
from mailer.compose.intake.lead import Fetch
from mailer.compose.intake.notes import Notes
from mailer.compose.intake.proposal import Proposal
from mailer.errors import InvalidError
from mailer.i18n import N_

_MOST_CARDS = 30

_TWICE = N_("Posts that stand in their feed twice were taken once: %(words)s.")
_TOO_MANY = N_("A digest holds no more than the newest 30 posts, so these were left out: %(words)s.")


def propose(
    feeds: Sequence[Feed],
    name: str,
    zone: ZoneInfo,
    *,
    known: Collection[str] = (),
    since: date | None = None,
    source: str | None = None,
    fetch: Fetch | None = None,
) -> Proposal:
    """A digest with the slug ``name`` of the posts that are new: none older than ``since``, or of a ``known`` address.

    Days are those of ``zone``. ``source``: the language written first, else that of the first post. ``fetch`` gets
    the octets of a picture; without it there are none. Raises InvalidError for what is no feed, or has nothing new.
    """
    notes = Notes()
    readings = [read(feed, notes) for feed in feeds]
    posts = _once((post for reading in readings for post in reading.posts), notes)
    seen = frozenset(map(key, known))
    groups = [group for group in joined(posts, notes) if _is_new(group, seen, since, zone)]
    if not groups:
        raise InvalidError(N_("The feeds hold no new posts: all are older, or were in a digest before."))
    groups.sort(key=_newest, reverse=True)
    for group in groups[_MOST_CARDS:]:
        notes.add(_TOO_MANY, headline(group))
    del groups[_MOST_CARDS:]
    locales = _locales(groups, source)
    cards, titles = Cards(locales, zone, fetch, notes), _titles(readings)
    for group in groups:
        cards.add(group)
    made = [
        drafts.block("digest", "digest", {"cards": cards.data}, cards.texts),
        *(drafts.block(kind, kind, {}, {}) for kind in ("share", "signoff")),
    ]
    draft = drafts.draft(name, "blog-digest", {tag: titles.get(tag, "") for tag in locales}, made, cards.pictures)
    for texts in draft.blocks[0].texts.values():
        # The name of a blog says nothing of what is new in it.
        del texts["subject"]
    return Proposal(draft, notes.oddities())


def _titles(readings: Iterable[Reading]) -> dict[str, str]:
    """What feeds call themselves, each in the language that most of its posts are in."""
    found: dict[str, str] = {}
    for reading in readings:
        for language, _ in Counter(post.language for post in reading.posts).most_common(1):
            found.setdefault(language, reading.title)
    return found


def _once(posts: Iterable[Post], notes: Notes) -> list[Post]:
    """Each post once in a language, the first of those with its address."""
    found: dict[tuple[str, str], Post] = {}
    for post in posts:
        if found.setdefault((key(post.url), post.language), post) is not post:
            notes.add(_TWICE, post.title)
    return list(found.values())


def _is_new(group: Group, seen: frozenset[str], since: date | None, zone: ZoneInfo) -> bool:
    """Whether no language of a post was known before; one without a date is new unless its address is known."""
    if any(key(post.url) in seen or post.alternates & seen for post in group.values()):
        return False
    days = [post.moment.astimezone(zone).date() for post in group.values() if post.moment]
    return since is None or not days or max(days) >= since


def _newest(group: Group) -> float:
    """For sorting: those without a date stand last, in the order of their feed."""
    return max((post.moment.timestamp() for post in group.values() if post.moment), default=float("-inf"))


def _locales(groups: Sequence[Group], source: str | None) -> list[str]:
    """The languages of all posts, the source first."""
    found = dict.fromkeys(language for group in groups for language in group)
    return list(dict.fromkeys([*([source] if source else []), *found]))
