"""The six templates: what an edition of each kind is made of, and its skeleton as a folder to fill in."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailer.compose.blocks import FRONT, TYPES, Field
from mailer.compose.export import write
from mailer.errors import WrongUsageError
from mailer.i18n import N_, ZH, is_tag
from mailer.model.edition import Layout

SLUG = r"[a-z0-9][a-z0-9-]{0,79}"
MOST_LANGUAGES = 20

# What an author puts in the place of each key; the values stay empty, and an empty one is refused when it is read.
_URL = N_("an address that begins with https://")
_PICTURE = N_("a file in the folder images; describe it in each language then")
_HINTS = {
    "url": _URL,
    "source_url": N_("where it was first published; take the line out if nowhere"),
    "published": N_("the day on which it was published there, 2027-01-31; or take the line out"),
    "date": "2027-01-31",
    "deadline": N_("the last day, 2027-01-31"),
    "image": _PICTURE,
    "portrait": _PICTURE,
    "start": N_("by the clock of the place, 2027-01-31 18:30"),
    "end": N_("by the clock of the place, 2027-01-31 18:30"),
    "tz": N_("the time zone of the place, such as Asia/Hong_Kong"),
    "month": "2027-01",
    "value": N_("digits alone, such as 1906 or 2.5"),
    "currency": N_("HKD or GBP, for a sum of money"),
    "amounts": N_("sums to suggest, [100, 500]"),
    "name": N_("the name of the place, the same in each language"),
}
_HEAD = (
    N_("Fill in what stands empty; what stands behind a # is optional."),
    N_("The texts stand in a file for each language."),
)
_POLICY = N_("where a text is missing: refuse, fallback_with_notice or omit")
_LAYOUT = N_("stacked: one language below the other; interleaved: block by block")
_COLON = N_("Put a value that holds a colon in quotes.")
_OPTIONAL = N_("optional")
_WIDTHS = {
    "subject": N_("at most 20 Chinese characters, or 40 letters"),
    "preheader": N_("shown beside the subject: 35 to 50 Chinese characters, or 70 to 100 letters"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of a skeleton: the keys of its data to fill in and those that it may have, one run of them per item."""

    type: str
    id: str = ""
    keys: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    items: tuple[str, tuple[str, ...]] = ("", ())
    """The name of a list in its data, and the ids of the items in it; ``keys`` and ``maybe`` are theirs then."""

    @property
    def key(self) -> str:
        """Its id in the edition."""
        return self.id or self.type.replace("_", "-")

    def fields(self) -> dict[str, Field]:
        """The fields that its skeleton has."""
        held, (name, ids) = TYPES[self.type], self.items
        if name not in _ITEMS:
            return dict(held.fixed)
        return held.fields(held.data.model_validate({name: [{"id": each, **_ITEMS[name]} for each in ids]}))


# The least that an item of a list may hold, where each has fields of its own.
_ITEMS = {"figures": {"value": "1"}, "cards": {"url": "https://example.org/"}}


@dataclass(frozen=True, slots=True)
class Template:
    """What an edition of this kind is made of."""

    kind: str
    blocks: tuple[Piece, ...]
    layout: Layout = Layout.STACKED


_MASTHEAD, _FOOTER, _SIGNOFF = Piece("masthead"), Piece("footer"), Piece("signoff")
_LETTER = Piece("letter", maybe=("portrait",))
_NEXT = Piece("next_issue", keys=("month",))
_SHARE = Piece("share")
_DONATION = Piece("donation", keys=("url",), maybe=("amounts", "currency"))
_SOCIAL = Piece("social", keys=("name", "url"), items=("links", ("",)))


def _card(number: int) -> Piece:
    return Piece("article_card", f"card-{number}", keys=("url",), maybe=("date", "image"))


TEMPLATES = {
    "yearly-wrap-up": Template(
        "yearly",
        (
            _MASTHEAD,
            _LETTER,
            Piece("toc"),
            Piece("stats", keys=("value",), maybe=("currency",), items=("figures", ("first", "second", "third"))),
            Piece("section", "section-1"),
            Piece("section", "section-2"),
            _SHARE,
            _SOCIAL,
            _NEXT,
            _SIGNOFF,
            _FOOTER,
        ),
    ),
    "monthly-newsletter": Template(
        "issue",
        (
            _MASTHEAD,
            _LETTER,
            _card(1),
            _card(2),
            _card(3),
            Piece("event", keys=("start", "end", "tz"), maybe=("url",)),
            _DONATION,
            _SOCIAL,
            _NEXT,
            _SIGNOFF,
            _FOOTER,
        ),
    ),
    "blog-digest": Template(
        "digest",
        (
            _MASTHEAD,
            Piece("digest", keys=("url",), maybe=("date", "image"), items=("cards", ("first", "second", "third"))),
            _SHARE,
            _SIGNOFF,
            _FOOTER,
        ),
    ),
    "action-alert": Template(
        "issue",
        (
            _MASTHEAD,
            _LETTER,
            Piece("action", keys=("url",), maybe=("deadline",)),
            Piece("pull_quote", "slogans"),
            _SHARE,
            _SIGNOFF,
            _FOOTER,
        ),
        Layout.INTERLEAVED,
    ),
    "syndicated-article": Template(
        "issue",
        (_MASTHEAD, Piece("article", keys=("source_url", "published"), maybe=("image",)), _DONATION, _SIGNOFF, _FOOTER),
    ),
    "plain-letter": Template("issue", (_MASTHEAD, _LETTER, _FOOTER)),
}
NAMES = ", ".join(TEMPLATES)


def demand_slug(slug: str) -> None:
    """Raise WrongUsageError for what no edition can be called."""
    if not re.fullmatch(SLUG, slug):
        raise WrongUsageError(
            N_("The slug %(slug)s must be short, in small letters, digits and hyphens: name one with --slug."),
            slug=slug,
        )


def create(
    name: str, folder: Path, locales: Sequence[str], slug: str | None, say: Callable[[str], str] = str
) -> dict[str, Path]:
    """Write an edition to fill in, all or nothing; its files by name, hints in the language of ``say`` (gettext).

    Raises WrongUsageError for a template, language or slug that is none, RefusedError for a folder that is in use.
    """
    if name not in TEMPLATES:
        raise WrongUsageError(N_("There is no template %(name)s; there are %(names)s."), name=name, names=NAMES)
    for tag in locales:
        if not is_tag(tag):
            raise WrongUsageError(N_("%(tag)s is no language tag such as %(one)s or en-GB."), tag=tag or "“”", one=ZH)
    if not 1 <= len(locales) <= MOST_LANGUAGES or len(set(locales)) < len(locales):
        raise WrongUsageError(N_("--languages takes 1 to %(most)s languages, each once."), most=MOST_LANGUAGES)
    slug = folder.absolute().name if slug is None else slug
    demand_slug(slug)
    contents = {"edition.yaml": _spine(name, slug, locales, say)}
    contents |= {f"{tag}.md": _texts(TEMPLATES[name], say) for tag in locales}
    write(folder, {name: content.encode() for name, content in contents.items()})
    return {name: folder / name for name in contents}


def _spine(name: str, slug: str, locales: Sequence[str], say: Callable[[str], str]) -> str:
    template = TEMPLATES[name]
    lines = [
        *(f"# {say(line)}" for line in _HEAD),
        "format: 1",
        f"slug: {slug}",
        f"kind: {template.kind}",
        f"template: {name}",
        f"languages: [{', '.join(locales)}]",
        f"source: {locales[0]}",
        f"policy: refuse  # {say(_POLICY)}",
        f"layout: {template.layout}  # {say(_LAYOUT)}",
        "blocks:",
        *(line for piece in template.blocks for line in _block(piece, say)),
    ]
    return "\n".join(lines) + "\n"


def _block(piece: Piece, say: Callable[[str], str]) -> Iterator[str]:
    yield f"  - id: {piece.key}"
    yield f"    type: {piece.type}"
    name, ids = piece.items
    if not name:
        yield from _data(piece, "    ", say)
        return
    yield f"    {name}:"
    for each in ids:
        first, *rest = [*([f"id: {each}"] if each else []), *_data(piece, "", say)]
        yield f"      - {first}"
        yield from (f"        {line}" for line in rest)


def _data(piece: Piece, indent: str, say: Callable[[str], str]) -> Iterator[str]:
    yield from (f"{indent}{key}:  # {say(_HINTS[key])}" for key in piece.keys)
    yield from (f"{indent}# {key}:  # {say(_HINTS[key])}" for key in piece.maybe)


def _texts(template: Template, say: Callable[[str], str]) -> str:
    """One language's file: every field with nothing in it."""
    optional = f"<!-- # {say(_OPTIONAL)} -->"
    lines = ["---", f"# {say(_COLON)}"]
    for name, field in TYPES[FRONT].fixed.items():
        hint = say(_WIDTHS[name]) if name in _WIDTHS else "" if field.must else say(_OPTIONAL)
        lines.append(f"{'' if field.must else '# '}{name}:{f'  # {hint}' if hint else ''}")
    lines.append("---")
    for piece in template.blocks:
        for name, field in piece.fields().items():
            lines += ["", f"<!-- {piece.key}.{name} -->", *([] if field.must else [optional])]
    return "\n".join(lines) + "\n"
