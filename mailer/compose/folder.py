"""An edition as a folder of files that people can read, write and translate.

``edition.yaml`` holds the spine (slug, kind, template, languages, source, policy, layout, blocks
with their data); each ``LOCALE.md`` one language: front matter with subject, preheader and title,
then the texts, each behind a line ``<!-- BLOCK.FIELD -->``; ``translations.json``, where there is
one, how far each translation has come; ``images`` the pictures that blocks name. A line
``<!-- # … -->`` is for the authors alone. ``template.py`` writes such a folder to fill in.
"""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mailer.compose import picture
from mailer.compose.blocks import FRONT, TYPES
from mailer.compose.data import IDENTIFIER, Flag, pictures
from mailer.compose.draft import Draft, DraftBlock, Progress
from mailer.compose.picture import Picture
from mailer.compose.reason import reason
from mailer.compose.source import MOST_OCTETS, Document, bad, document, is_folder, text
from mailer.compose.template import MOST_LANGUAGES, NAMES, SLUG, TEMPLATES
from mailer.errors import InvalidError, WrongUsageError
from mailer.i18n import AUTOMATIC, N_, ZH, is_tag
from mailer.model.edition import Fallback, Layout

_MARKER = re.compile(rf"^<!--\s*({IDENTIFIER})\.([a-z][a-z0-9_.-]*)\s*-->\s*$")
_REMARK = re.compile(r"^\s*<!--\s*#.*-->\s*$")
"""A line for whoever writes the texts, which no reader gets: ``<!-- # ask Bo -->``."""
_COMMENT = re.compile(r"^\s*<!--")


class _Spine(BaseModel):
    """``edition.yaml``."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["1"]
    slug: str = Field(pattern=f"^{SLUG}$")
    kind: Literal["issue", "digest", "yearly"]
    template: str
    languages: list[str] = Field(min_length=1, max_length=MOST_LANGUAGES)
    derived: list[Literal["zh-Hans"]] = Field(default_factory=list, max_length=1)
    source: str
    policy: Fallback = Fallback.REFUSE
    layout: Layout = Layout.STACKED
    base: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    blocks: list[dict[str, Any]] = Field(min_length=1, max_length=200)


class _Use(BaseModel):
    """What ``edition.yaml`` says of a block's use, beside its data."""

    model_config = ConfigDict(extra="forbid")

    languages: list[str] | None = Field(default=None, min_length=1)
    required: Flag = True
    fallback: Fallback | None = None


def read(folder: Path) -> Draft:
    """The edition in ``folder``. Raises InvalidError naming file and line; WrongUsageError for no folder."""
    if not is_folder(folder):
        raise WrongUsageError(N_("There is no folder %(path)s with an edition in it."), path=folder)
    path = folder / "edition.yaml"
    source = document(path, text(path))
    spine = _read_spine(source)
    blocks = [DraftBlock(key=FRONT, type=FRONT, data=TYPES[FRONT].data())]
    blocks += [_read_block(source, number, raw, spine.languages) for number, raw in enumerate(spine.blocks)]
    by_key = {block.key: block for block in blocks}
    if len(by_key) < len(blocks):
        raise source.bad(("blocks",), N_("two blocks have the same id"))
    for locale in spine.languages:
        _read_texts(folder / f"{locale}.md", locale, by_key)
    return Draft(
        slug=spine.slug,
        kind=spine.kind,
        template=spine.template,
        locales=spine.languages,
        derived=spine.derived,
        source_locale=spine.source,
        policy=spine.policy,
        layout=spine.layout,
        blocks=blocks,
        images=_read_images(source, folder / "images", blocks),
        progress=_read_progress(folder / "translations.json", spine, by_key),
        base=spine.base,
    )


def _read_spine(source: Document) -> _Spine:
    try:
        spine = _Spine.model_validate(source.value)
    except ValidationError as error:
        raise source.invalid(error) from None
    if spine.template not in TEMPLATES:
        why = N_("there is no template %(name)s; there are %(known)s")
        raise source.bad(("template",), why, name=repr(spine.template), known=NAMES)
    for number, locale in enumerate(spine.languages):
        if not is_tag(locale):
            why = N_("%(tag)s is no language tag such as zh-Hant-HK or en-GB")
            raise source.bad(("languages", number), why, tag=repr(locale))
    if len(set(spine.languages)) < len(spine.languages) or spine.source not in spine.languages:
        raise source.bad(("languages",), N_("languages must differ from each other, and source must be one of them"))
    if AUTOMATIC in spine.derived and ZH not in spine.languages:
        raise source.bad(("derived",), N_("zh-Hans is converted from zh-Hant-HK, which languages does not name"))
    return spine


def _read_block(source: Document, number: int, raw: dict[str, Any], languages: list[str]) -> DraftBlock:
    data, where = dict(raw), ("blocks", number)
    key, kind = str(data.pop("id", "")), str(data.pop("type", ""))
    if not re.fullmatch(IDENTIFIER, key) or key == FRONT:
        why = N_("the block id %(id)s must be short, in small letters, digits and hyphens")
        raise source.bad(where, why, id=repr(key))
    if kind not in TYPES or kind == FRONT:
        known = ", ".join(sorted(set(TYPES) - {FRONT}))
        why = N_("block %(block)s has the unknown type %(type)s; known are %(known)s")
        raise source.bad(where, why, block=key, type=repr(kind), known=known)
    try:
        use = _Use.model_validate({name: data.pop(name) for name in _Use.model_fields if name in data})
        block = DraftBlock(key=key, type=kind, data=TYPES[kind].data.model_validate(data), **use.model_dump())
    except ValidationError as error:
        raise source.invalid(error, where) from None
    if strange := set(block.languages or []) - set(languages):
        why = N_("the edition has no %(language)s")
        raise source.bad((*where, "languages"), why, language=", ".join(sorted(strange)))
    if block.fallback and block.fallback not in TYPES[kind].fallbacks:
        allowed = ", ".join(sorted(TYPES[kind].fallbacks))
        why = N_("a block of the type %(type)s can have: %(known)s")
        raise source.bad((*where, "fallback"), why, type=kind, known=allowed)
    if block.fallback is Fallback.OMIT and block.required:
        raise source.bad((*where, "fallback"), N_("a block is left out only if it says required: no"))
    return block


def _read_images(source: Document, folder: Path, blocks: list[DraftBlock]) -> dict[str, Picture]:
    """Each picture that a block names, by its name."""
    found: dict[str, Picture] = {}
    for number, block in enumerate(blocks[1:]):
        for name in pictures(block.data):
            if not (folder / name).is_file():
                raise source.bad(("blocks", number), N_("there is no picture %(file)s"), file=f"{folder.name}/{name}")
            found[name] = found.get(name) or picture.read(folder / name)
    return found


def _read_texts(path: Path, locale: str, blocks: dict[str, DraftBlock]) -> None:
    """Fill the texts of one language into ``blocks``."""
    if not path.exists():
        raise InvalidError(
            N_("The edition has no %(file)s: write that language, or take it out of languages in edition.yaml."),
            file=path.name,
        )
    lines = text(path).split("\n")
    body = 0
    if lines[0].rstrip() == "---":
        body = next((n for n, line in enumerate(lines) if n and line.rstrip() == "---"), 0) + 1
        if body == 1:
            raise bad(path, 1, N_("the front matter has no closing ---"))
        # Nothing may be written there yet.
        if any(map(str.strip, lines[1 : body - 1])):
            front = document(path, "\n".join(lines[1 : body - 1]), 1)
            for field, value in front.value.items():
                _put(path, front.lines[field,], blocks, locale, FRONT, field, value)
    _read_fields(path, body, lines[body:], blocks, locale)


def _read_fields(path: Path, offset: int, lines: list[str], blocks: dict[str, DraftBlock], locale: str) -> None:
    where: tuple[int, str, str] | None = None
    gathered: list[str] = []
    for number, line in enumerate([*lines, "<!-- end.of-file -->"], offset + 1):
        if _REMARK.match(line):
            continue
        marker = _MARKER.match(line)
        if not marker:
            # A mistyped marker would be mailed as text.
            if _COMMENT.match(line):
                why = N_("write a marker like <!-- letter.body -->, in small letters, alone on its line")
                raise bad(path, number, why)
            gathered.append(line)
            continue
        body = "\n".join(gathered).strip("\n")
        if where:
            _put(path, where[0], blocks, locale, where[1], where[2], body)
        elif body.strip():
            raise bad(path, offset + 1, N_("there is text before the first <!-- BLOCK.FIELD --> line"))
        where, gathered = (number, marker[1], marker[2]), []


def _put(
    path: Path, line: int, blocks: dict[str, DraftBlock], locale: str, key: str, field: str, value: object
) -> None:
    block = blocks.get(key)
    if block is None:
        raise bad(path, line, N_("edition.yaml has no block %(block)s"), block=key)
    known = TYPES[block.type].fields(block.data)
    if block.languages and locale not in block.languages:
        raise bad(path, line, N_("block %(block)s is not meant for %(language)s"), block=key, language=locale)
    if field not in known:
        why = N_("block %(block)s (%(type)s) has no field %(field)s; it has: %(known)s")
        raise bad(path, line, why, block=key, type=block.type, field=field, known=", ".join(known) or "-")
    texts = block.texts.setdefault(locale, {})
    if field in texts:
        raise bad(path, line, N_("%(field)s is written twice"), field=f"{key}.{field}")
    if not isinstance(value, str):
        raise bad(path, line, N_("%(field)s must be a text"), field=f"{key}.{field}")
    if value.strip():
        try:
            texts[field] = known[field].accept(value)
        except ValueError as error:
            raise bad(path, line, N_("%(key)s: %(why)s"), key=f"{key}.{field}", why=error.args[0]) from None


def _read_progress(path: Path, spine: _Spine, blocks: Collection[str]) -> dict[str, dict[str, Progress]]:
    """How far each translation has come, ``{language: {block: …}}``; nothing where there is no such file."""
    if not path.exists():
        return {}
    # Of each translation it holds what it was made from.
    source = text(path, MOST_OCTETS * len(spine.languages))
    try:
        raw = json.loads(source)
    except json.JSONDecodeError as error:
        raise bad(path, error.lineno, N_("this is not JSON (%(problem)s)"), problem=error.msg) from None
    except (RecursionError, ValueError):
        raise bad(path, 1, N_("there are too many levels inside each other, or too many digits")) from None
    if not isinstance(raw, dict) or not all(isinstance(of_blocks, dict) for of_blocks in raw.values()):
        raise bad(path, 1, N_("it is not {language: {block: {status, source_hash, …}}}"))
    found: dict[str, dict[str, Progress]] = {}
    for locale, of_blocks in raw.items():
        for key, value in of_blocks.items():
            if locale not in spine.languages or key not in blocks:
                why = N_("the edition has no %(language)s or no block %(block)s")
                raise bad(path, _line(source, locale, key), why, language=locale, block=key)
            try:
                found.setdefault(locale, {})[key] = Progress.model_validate(value)
            except ValidationError as error:
                found_wrong = reason(error, locale, key)
                raise bad(path, _line(source, locale, key), found_wrong.message, **found_wrong.values) from None
    return found


def _line(source: str, *keys: str) -> int:
    """The line on which the last of nested JSON keys stands."""
    place = 0
    for key in keys:
        place = max(source.find(json.dumps(key, ensure_ascii=False), place), place)
    return source.count("\n", 0, place) + 1
