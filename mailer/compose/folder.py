"""An edition as a folder of files that people can read, write and translate.

``edition.yaml`` holds the spine (slug, kind, template, languages, source, policy, blocks with
their data); each ``LOCALE.md`` one language: front matter with subject, preheader and title, then
the texts, each behind a line ``<!-- BLOCK.FIELD -->``; ``translations.json``, where there is one,
how far each translation has come.
"""

import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mailer.compose.blocks import FRONT, IDENTIFIER, TYPES, Data
from mailer.compose.source import Document, bad, document, text
from mailer.errors import InvalidError, WrongUsageError
from mailer.i18n import CONTENT, N_
from mailer.model.edition import TextStatus

_MARKER = re.compile(rf"^<!--\s*({IDENTIFIER})\.([a-z][a-z0-9_.-]*)\s*-->\s*$")
_COMMENT = re.compile(r"^\s*<!--")


class _Spine(BaseModel):
    """``edition.yaml``."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["1"]
    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")
    kind: Literal["issue", "digest", "yearly"]
    template: str = Field(pattern=f"^{IDENTIFIER}$")
    languages: list[str] = Field(min_length=1)
    source: str
    policy: Literal["refuse"] = "refuse"
    blocks: list[dict[str, Any]] = Field(min_length=1, max_length=200)


class DraftBlock(BaseModel):
    """One block as read: its texts are ``{tag: {field: text}}``."""

    key: str
    type: str
    data: Data
    texts: dict[str, dict[str, str]] = Field(default_factory=dict)


class Progress(BaseModel):
    """How far one translation has come, and what it was made from."""

    model_config = ConfigDict(extra="forbid")

    status: TextStatus = TextStatus.TRANSLATED
    source_hash: str | None = None
    previous_source: dict[str, str] | None = None
    by: str | None = None
    reviewed_by: str | None = None


class Draft(BaseModel):
    """An edition as read from a folder, before anything is saved."""

    slug: str
    kind: str
    template: str
    locales: list[str]
    source_locale: str
    policy: str
    blocks: list[DraftBlock]
    progress: dict[str, dict[str, Progress]] = Field(default_factory=dict)


def read(folder: Path) -> Draft:
    """The edition in ``folder``. Raises InvalidError naming file and line; WrongUsageError for no folder."""
    if not folder.is_dir():
        raise WrongUsageError(N_("There is no folder %(path)s with an edition in it."), path=folder)
    path = folder / "edition.yaml"
    source = document(path, text(path))
    spine = _read_spine(source)
    blocks = [DraftBlock(key=FRONT, type=FRONT, data=TYPES[FRONT].data())]
    blocks += [_read_block(source, number, raw) for number, raw in enumerate(spine.blocks)]
    by_key = {block.key: block for block in blocks}
    if len(by_key) < len(blocks):
        raise source.bad(("blocks",), "two blocks have the same id")
    for locale in spine.languages:
        _read_texts(folder / f"{locale}.md", locale, by_key)
    return Draft(
        slug=spine.slug,
        kind=spine.kind,
        template=spine.template,
        locales=spine.languages,
        source_locale=spine.source,
        policy=spine.policy,
        blocks=blocks,
        progress=_read_progress(folder / "translations.json"),
    )


def _read_spine(source: Document) -> _Spine:
    try:
        spine = _Spine.model_validate(source.value)
    except ValidationError as error:
        raise source.invalid(error) from None
    for number, locale in enumerate(spine.languages):
        if locale not in CONTENT:
            raise source.bad(("languages", number), f"the language {locale} is not one of {', '.join(CONTENT)}")
    if len(set(spine.languages)) < len(spine.languages) or spine.source not in spine.languages:
        raise source.bad(("languages",), "languages must differ from each other, and source must be one of them")
    return spine


def _read_block(source: Document, number: int, raw: dict[str, Any]) -> DraftBlock:
    data, where = dict(raw), ("blocks", number)
    key, kind = str(data.pop("id", "")), str(data.pop("type", ""))
    if not re.fullmatch(IDENTIFIER, key) or key == FRONT:
        raise source.bad(where, f"the block id {key!r} must be short, in small letters, digits and hyphens")
    if kind not in TYPES or kind == FRONT:
        known = ", ".join(sorted(set(TYPES) - {FRONT}))
        raise source.bad(where, f"block {key} has the unknown type {kind!r}; known are {known}")
    try:
        return DraftBlock(key=key, type=kind, data=TYPES[kind].data.model_validate(data))
    except ValidationError as error:
        raise source.invalid(error, where) from None


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
            raise bad(path, 1, "the front matter has no closing ---")
        front = document(path, "\n".join(lines[1 : body - 1]), 1)
        for field, value in front.value.items():
            _put(path, front.lines[field,], blocks, locale, FRONT, field, value)
    _read_fields(path, body, lines[body:], blocks, locale)


def _read_fields(path: Path, offset: int, lines: list[str], blocks: dict[str, DraftBlock], locale: str) -> None:
    where: tuple[int, str, str] | None = None
    gathered: list[str] = []
    for number, line in enumerate([*lines, "<!-- end.of-file -->"], offset + 1):
        marker = _MARKER.match(line)
        if not marker:
            # A mistyped marker would be mailed as text.
            if _COMMENT.match(line):
                raise bad(path, number, "write a marker like <!-- letter.body -->, in small letters, alone on its line")
            gathered.append(line)
            continue
        body = "\n".join(gathered).strip("\n")
        if where:
            _put(path, where[0], blocks, locale, where[1], where[2], body)
        elif body.strip():
            raise bad(path, offset + 1, "there is text before the first <!-- BLOCK.FIELD --> line")
        where, gathered = (number, marker[1], marker[2]), []


def _put(
    path: Path, line: int, blocks: dict[str, DraftBlock], locale: str, key: str, field: str, value: object
) -> None:
    block = blocks.get(key)
    if block is None:
        raise bad(path, line, f"edition.yaml has no block {key}")
    known = TYPES[block.type].fields(block.data)
    if field not in known:
        fields = ", ".join(known) or "no texts"
        raise bad(path, line, f"block {key} ({block.type}) has no field {field}; it has {fields}")
    texts = block.texts.setdefault(locale, {})
    if field in texts:
        raise bad(path, line, f"{key}.{field} is written twice")
    if not isinstance(value, str):
        raise bad(path, line, f"{key}.{field} must be a text")
    if value.strip():
        try:
            texts[field] = TYPES[block.type].accept(field, value)
        except ValueError as error:
            raise bad(path, line, f"{key}.{field} must be {error}") from None


def _read_progress(path: Path) -> dict[str, dict[str, Progress]]:
    if not path.exists():
        return {}
    try:
        raw = json.loads(text(path))
        return {
            locale: {key: Progress.model_validate(value) for key, value in blocks.items()}
            for locale, blocks in raw.items()
        }
    except json.JSONDecodeError as error:
        raise bad(path, error.lineno, error.msg) from None
    except (ValidationError, AttributeError, RecursionError, ValueError):
        raise bad(path, 1, "it is not {language: {block: {status, source_hash, …}}}") from None
