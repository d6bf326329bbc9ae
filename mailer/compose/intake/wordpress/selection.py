"""A WordPress export into an edition: one post with its translations an article, several a digest of cards."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from mailer.chinese import has_han, is_chinese
from mailer.compose.draft import Draft
from mailer.compose.intake import drafts
from mailer.compose.intake.lead import Fetch, lead
from mailer.compose.intake.markup.link import resolved
from mailer.compose.intake.markup.tree import tidy
from mailer.compose.intake.markup.writer import plain, written
from mailer.compose.intake.notes import Notes
from mailer.compose.intake.proposal import Oddity, Proposal
from mailer.compose.intake.tongue import tongue
from mailer.compose.intake.wordpress import wxr
from mailer.compose.intake.wordpress.wxr import Item, Survey
from mailer.compose.picture import Picture
from mailer.errors import InvalidError, NotFoundError
from mailer.i18n import N_

_LEFT_OUT = N_(
    "Never carried: %(hidden)s posts that are not public, %(locked)s behind a password, %(comments)s comments."
)
_ONE_ADDRESS = N_("A card leads to one address in every language, that of the post in the first: %(words)s.")
_TWICE = N_("Two posts of one group are in the same language, and the first was taken: %(words)s.")
_MOST = 30
"""Posts in a digest."""
_BLOCKS = "<!-- wp:"
"""What the block editor writes before each paragraph."""


@dataclass(frozen=True, slots=True)
class Post:
    """A public post to choose. ``group`` is the same for a post and its translations.

    ``image``: the address of its featured image, or nothing. ``excerpt``: what its author wrote as one, words alone.
    """

    id: int
    title: str
    link: str
    day: date | None
    language: str
    group: str
    image: str
    alt: str
    excerpt: str


Story = dict[str, tuple[Post, str, str]]
"""A post and its translations by language, each with its excerpt and its content as HTML."""


def posts(path: Path) -> Iterator[Post]:
    """The public posts of an export, in its order.

    Raises InvalidError, before the first, for a file that is no WordPress export, is cut short, or holds entities.
    """
    site = wxr.survey(path)
    return _posts(path, site)


def propose(
    path: Path, chosen: Collection[int] = (), *, since: date | None = None, fetch: Fetch | None = None
) -> Proposal:
    """An edition of the posts with these numbers, and of those since a day, with their translations.

    ``fetch`` gets their featured images. Raises NotFoundError where there is no such public post, InvalidError for
    too many of them, a post that is too long, or a file as ``posts`` says.
    """
    site, notes = wxr.survey(path), Notes()
    asked, groups = _asked(path, site, chosen, since)
    for item in wxr.items(path):
        if (post := _post(item, site)).group in groups:
            story = groups[post.group]
            if post.language in story:
                notes.add(_TWICE, post.title)
            story.setdefault(post.language, (post, item.excerpt, item.content))
    # What was asked for comes before its translations.
    stories = [dict(sorted(story.items(), key=lambda each: each[1][0].id not in asked)) for story in groups.values()]
    draft = _article(stories[0], site, fetch, notes) if len(stories) == 1 else _digest(stories, site, fetch, notes)
    odd = [replace(each, block=draft.blocks[2].key) for each in notes.oddities()]
    return Proposal(draft, (*odd, Oddity(_LEFT_OUT, {name: site.left_out[name] for name in wxr.LEFT_OUT})))


def _asked(path: Path, site: Survey, chosen: Collection[int], since: date | None) -> tuple[set[int], dict[str, Story]]:
    """The numbers of the posts that are wanted, and a place for each group that one of them belongs to."""
    asked: set[int] = set()
    groups: dict[str, Story] = {}
    for each in _posts(path, site):
        if each.id in chosen or (since and each.day and each.day >= since):
            asked.add(each.id)
            groups.setdefault(each.group, {})
            if len(groups) > _MOST:
                raise InvalidError(
                    N_("A digest holds at most %(most)s posts: choose fewer, or a later day."), most=_MOST
                )
    if not asked or not set(chosen) <= asked:
        raise NotFoundError(N_("The export has no such public post: list what there is first."))
    return asked, groups


def _posts(path: Path, site: Survey) -> Iterator[Post]:
    return (_post(item, site) for item in wxr.items(path))


def _post(item: Item, site: Survey) -> Post:
    title = tidy(plain(item.title))
    # A site's own language says nothing of a post in another script.
    by_site = "" if has_han(title) != is_chinese(site.language) else site.language
    image = site.images.get(item.thumbnail)
    return Post(
        id=item.id,
        title=title,
        link=resolved("", item.link),
        day=item.day,
        language=tongue(item.language or by_site, title),
        group=item.group or f"post {item.id}",
        image=resolved(site.link, image.url) if image else "",
        alt=tidy(image.alt) if image else "",
        excerpt=plain(item.excerpt),
    )


def _article(story: Story, site: Survey, fetch: Fetch | None, notes: Notes) -> Draft:
    """One post in full: with where and when it came out, which a letter would not say."""
    first = next(iter(story.values()))[0]
    images = _picture(first, "lead", fetch, notes)
    texts = {}
    for tag, (post, excerpt, content) in story.items():
        abstract, body = _marked(excerpt, post, notes), _marked(content, post, notes)
        texts[tag] = {"title": post.title, "source": site.title, "abstract": abstract, "body": body}
        texts[tag] |= {"alt": _alt(post, images)} if images else {}
    data = {"source_url": first.link, "published": _iso(first), "image": next(iter(images), "")}
    article = drafts.block("article", "article", {name: value for name, value in data.items() if value}, texts)
    titles = {tag: post.title for tag, (post, *_) in story.items()}
    name = drafts.slug(urlsplit(first.link).path.rstrip("/").rpartition("/")[2], f"post-{first.id}")
    return drafts.draft(name, "syndicated-article", titles, [article], images)


def _digest(stories: Sequence[Story], site: Survey, fetch: Fetch | None, notes: Notes) -> Draft:
    """Several posts as cards, the newest first, each in every language that it has."""
    cards: list[dict[str, str]] = []
    images: dict[str, Picture] = {}
    texts: dict[str, dict[str, str]] = {}
    for story in stories:
        first = next(iter(story.values()))[0]
        key = f"post-{first.id}"
        held = _picture(first, key, fetch, notes)
        card = {"id": key, "url": first.link, "date": _iso(first), "image": next(iter(held), "")}
        cards.append({name: value for name, value in card.items() if value})
        images |= held
        if len(story) > 1:
            notes.add(_ONE_ADDRESS, first.title)
        for tag, (post, excerpt, content) in story.items():
            found = {f"{key}.title": post.title, f"{key}.excerpt": _marked(excerpt, post, notes) or _first(content)}
            texts.setdefault(tag, {}).update(found | ({f"{key}.alt": _alt(post, held)} if held else {}))
    data = {"cards": cards, "order": "newest"} | ({"source": site.link} if resolved("", site.link) else {})
    titles = dict.fromkeys(texts, tidy(plain(site.title)))
    digest = drafts.block("digest", "digest", data, texts)
    newest = max(card.get("date", "") for card in cards)
    return drafts.draft(drafts.slug(f"posts-{newest}"), "blog-digest", titles, [digest], images)


def _picture(post: Post, name: str, fetch: Fetch | None, notes: Notes) -> dict[str, Picture]:
    return lead(name, post.image, post.alt, fetch, notes)


def _alt(post: Post, images: Mapping[str, Picture]) -> str:
    """The words for its image, which the site has once for all languages: left out where they are in another."""
    return post.alt if images and has_han(post.alt) == is_chinese(post.language) else ""


def _marked(source: str, post: Post, notes: Notes) -> str:
    """HTML of a post as Markdown; what the classic editor stored has no paragraphs."""
    return written(source, post.link, notes, title=post.title, classic=_BLOCKS not in source)[0]


def _first(content: str) -> str:
    """A post's first paragraph, for one without an excerpt."""
    blocks = written(content, "", Notes(), classic=_BLOCKS not in content)[0].split("\n\n")
    return next((each for each in blocks if not re.match("[#>-]", each)), "")


def _iso(post: Post) -> str:
    return post.day.isoformat() if post.day else ""
