"""Posts in several languages that are one and the same: joined by what their feeds say, and each doubt is said."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from mailer.compose.intake.feed.permalink import key, neutral
from mailer.compose.intake.feed.post import Post
from mailer.compose.intake.notes import Notes
from mailer.i18n import N_

_BY_MOMENT = N_(
    "These posts were taken for the same one in two languages only because they came out at the same moment: %(words)s."
)

Group = dict[str, Post]
"""A post in each of its languages, by tag."""


def joined(posts: Sequence[Post], notes: Notes) -> list[Group]:
    """The posts, each with its partners: by what they name as their translation, by address, by moment."""
    pairs = _Pairs(posts)
    by_key = _buckets(posts, lambda post: key(post.url))
    for post in posts:
        for other in post.alternates:
            for partner in by_key.get(other, ()):
                pairs.join(post, partner)
    languages = {post.language for post in posts}
    for same in _buckets(posts, lambda post: neutral(post.url, languages)).values():
        for partner in same[1:]:
            pairs.join(same[0], partner)
    alone = [post for post in posts if len(pairs.of(post)) == 1]
    for same in _buckets(alone, _moment).values():
        # Two of one language at one moment: nothing tells which of them is meant.
        if len({post.language for post in same}) == len(same):
            for partner in same[1:]:
                pairs.join(same[0], partner)
                notes.add(_BY_MOMENT, f"{same[0].title} = {partner.title}")
    return pairs.groups()


def headline(group: Group) -> str:
    """What people call a post: its title in the first language that has one, else its address."""
    titles = [post.title for post in group.values() if post.title]
    return titles[0] if titles else next(post.url for post in group.values())


def _buckets(posts: Iterable[Post], sign: Callable[[Post], Hashable]) -> dict[Hashable, list[Post]]:
    """Posts by what they have in common; those without it are left out."""
    found: dict[Hashable, list[Post]] = defaultdict(list)
    for post in posts:
        if (common := sign(post)) is not None:
            found[common].append(post)
    return found


def _moment(post: Post) -> Hashable:
    """When a post came out; nothing where its feed tells no more than the day."""
    moment = post.moment
    return None if moment is None or (moment.hour, moment.minute, moment.second) == (0, 0, 0) else moment


class _Pairs:
    """Which posts belong together so far."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self._posts = posts
        self._of = {id(post): {post.language: post} for post in posts}

    def of(self, post: Post) -> Group:
        return self._of[id(post)]

    def join(self, one: Post, other: Post) -> None:
        """Put two posts together with all that belong to them, unless a language would be there twice."""
        kept, moved = self.of(one), self.of(other)
        if not kept.keys() & moved.keys():
            kept.update(moved)
            self._of |= {id(post): kept for post in moved.values()}

    def groups(self) -> list[Group]:
        """Each group once, in the order of its first post."""
        return list({id(group): group for group in map(self.of, self._posts)}.values())
