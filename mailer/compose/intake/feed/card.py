"""The cards of a digest, made from posts: their data, their texts in each language, their pictures."""

from collections.abc import Sequence
from hashlib import sha256
from zoneinfo import ZoneInfo

from mailer.compose.intake.feed.excerpt import excerpt
from mailer.compose.intake.feed.pairs import Group, headline
from mailer.compose.intake.feed.permalink import key, neutral, slug
from mailer.compose.intake.feed.post import Post
from mailer.compose.intake.lead import Fetch, lead
from mailer.compose.intake.markup.span import Span, Style, paragraph
from mailer.compose.intake.notes import Notes
from mailer.compose.picture import Picture
from mailer.errors import InvalidError
from mailer.i18n import N_

_LONGEST = 36
"""Of an id, with room for a number behind it."""

_LACKING = N_("These posts were not found in every language: %(words)s.")
_ELSEWHERE = N_("A card has one address for all readers; these lead to the first language alone: %(words)s.")
_UNTITLED = N_("These posts have no title, and need one: %(words)s.")
_UNREAD = N_("The excerpts of these posts could not be read, and were left out: %(words)s.")


class Cards:
    """The cards of one digest, in the order in which they are added; what is odd about them goes into ``notes``.

    ``locales``: its languages, the source first. Without ``fetch`` there are no pictures.
    """

    def __init__(self, locales: Sequence[str], zone: ZoneInfo, fetch: Fetch | None, notes: Notes) -> None:
        self._locales, self._zone, self._fetch, self._notes = locales, zone, fetch, notes
        self.data: list[dict[str, str]] = []
        self.texts: dict[str, dict[str, str]] = {}
        self.pictures: dict[str, Picture] = {}

    def add(self, group: Group) -> None:
        """A card for one post in its languages."""
        ordered = {locale: group[locale] for locale in self._locales if locale in group}
        posts, name = list(ordered.values()), self._identifier(ordered)
        if len(ordered) < len(self._locales):
            self._notes.add(_LACKING, headline(ordered))
        if len({key(post.url) for post in posts}) > 1:
            self._notes.add(_ELSEWHERE, headline(ordered))
        for locale, post in ordered.items():
            self.texts.setdefault(locale, {}).update(self._said(name, post))
        day = next((post.moment.astimezone(self._zone).date() for post in posts if post.moment), None)
        shown = next((post.picture for post in posts if post.picture), "") if self._fetch else ""
        images = lead(name, shown, "", self._fetch, self._notes)
        self.pictures |= images
        card = {
            "id": name,
            "url": posts[0].url,
            "date": day.isoformat() if day else "",
            "image": next(iter(images), ""),
        }
        self.data.append({field: value for field, value in card.items() if value})

    def _said(self, name: str, post: Post) -> dict[str, str]:
        """The texts of a card in one language, by field."""
        if not post.title:
            self._notes.add(_UNTITLED, post.url)
        try:
            words = excerpt(post.summary, post.title)
        except InvalidError:
            self._notes.add(_UNREAD, post.title or post.url)
            words = ""
        said = {"title": post.title, "excerpt": paragraph([Span(words, Style())], self._notes) if words else ""}
        return {f"{name}.{field}": text for field, text in said.items() if text}

    def _identifier(self, group: Group) -> str:
        """What addresses call a post, in letters that an id may have; else what stays the same for one address."""
        urls = [post.url for post in group.values()]
        called = (
            next(filter(None, map(slug, urls)), "") or sha256(neutral(urls[0], self._locales).encode()).hexdigest()[:8]
        )
        begun = called if called[0].isalpha() else f"post-{called}"
        short = begun if len(begun) <= _LONGEST else begun[: _LONGEST + 1].rpartition("-")[0] or begun[:_LONGEST]
        taken = {card["id"] for card in self.data}
        name, number = short.rstrip("-"), 1
        while name in taken:
            number += 1
            name = f"{short}-{number}"
        return name
