"""An edition as a folder of files that people can read, write and translate.

``edition.yaml`` holds the spine (slug, kind, template, languages, source, policy, blocks with
their data); each ``LOCALE.md`` one language: front matter with subject, preheader and title, then
the texts, each behind a line ``<!-- BLOCK.FIELD -->``; ``translations.json``, where there is one,
how far each translation has come.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mailer.compose.blocks import FRONT, IDENTIFIER, TYPES, Data
from mailer.errors import InvalidError, WrongUsageError
from mailer.i18n import INTERFACE, N_
from mailer.model.edition import TextStatus

_MARKER = re.compile(rf"^<!--\s*({IDENTIFIER})\.([a-z][a-z0-9_.-]*)\s*-->\s*$")
_MOST_OCTETS = 2_000_000


class _Spine(BaseModel):
    """``edition.yaml``."""

    model_config = ConfigDict(extra="forbid")

    format: int = Field(ge=1, le=1)
    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")
    kind: str = Field(pattern="^(issue|digest|yearly)$")
    template: str = Field(pattern=f"^{IDENTIFIER}$")
    languages: list[str] = Field(min_length=1)
    source: str
    policy: str = Field(default="refuse", pattern="^refuse$")
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
    spine = _read_spine(folder / "edition.yaml")
    blocks = [DraftBlock(key=FRONT, type=FRONT, data=TYPES[FRONT].data())]
    blocks += [_read_block(folder / "edition.yaml", raw) for raw in spine.blocks]
    by_key = {block.key: block for block in blocks}
    if len(by_key) < len(blocks):
        raise _bad(folder / "edition.yaml", 1, "two blocks have the same id")
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


def _read_spine(path: Path) -> _Spine:
    try:
        spine = _Spine.model_validate(_yaml(path, _text(path), 0))
    except ValidationError as error:
        raise _invalid(path, error) from None
    for locale in spine.languages:
        if locale not in INTERFACE:
            raise _bad(path, 1, f"the language {locale} is not one of {', '.join(INTERFACE)}")
    if len(set(spine.languages)) < len(spine.languages) or spine.source not in spine.languages:
        raise _bad(path, 1, "languages must differ from each other, and source must be one of them")
    return spine


def _read_block(path: Path, raw: dict[str, Any]) -> DraftBlock:
    data = dict(raw)
    key, kind = str(data.pop("id", "")), str(data.pop("type", ""))
    if not re.fullmatch(IDENTIFIER, key) or key == FRONT:
        raise _bad(path, 1, f"the block id {key!r} must be short, in small letters, digits and hyphens")
    if kind not in TYPES or kind == FRONT:
        known = ", ".join(sorted(set(TYPES) - {FRONT}))
        raise _bad(path, 1, f"block {key} has the unknown type {kind!r}; known are {known}")
    try:
        return DraftBlock(key=key, type=kind, data=TYPES[kind].data.model_validate(data))
    except ValidationError as error:
        raise _invalid(path, error, f"block {key}: ") from None


def _read_texts(path: Path, locale: str, blocks: dict[str, DraftBlock]) -> None:
    """Fill the texts of one language into ``blocks``."""
    if not path.exists():
        raise InvalidError(
            N_("The edition has no %(file)s: write that language, or take it out of languages in edition.yaml."),
            file=path.name,
        )
    lines = _text(path).split("\n")
    body = 0
    if lines[0].rstrip() == "---":
        body = next((n for n, line in enumerate(lines) if n and line.rstrip() == "---"), 0) + 1
        if body == 1:
            raise _bad(path, 1, "the front matter has no closing ---")
        front = _yaml(path, "\n".join(lines[1 : body - 1]), 1)
        for field, text in front.items():
            _put(path, 1, blocks, locale, FRONT, field, text)
    _read_fields(path, body, lines[body:], blocks, locale)


def _read_fields(path: Path, offset: int, lines: list[str], blocks: dict[str, DraftBlock], locale: str) -> None:
    where: tuple[int, str, str] | None = None
    gathered: list[str] = []
    for number, line in enumerate([*lines, "<!-- end.of-file -->"], offset + 1):
        marker = _MARKER.match(line)
        if not marker:
            gathered.append(line)
            continue
        text = "\n".join(gathered).strip("\n")
        if where:
            _put(path, where[0], blocks, locale, where[1], where[2], text)
        elif text.strip():
            raise _bad(path, offset + 1, "there is text before the first <!-- BLOCK.FIELD --> line")
        where, gathered = (number, marker[1], marker[2]), []


def _put(path: Path, line: int, blocks: dict[str, DraftBlock], locale: str, key: str, field: str, text: object) -> None:
    block = blocks.get(key)
    if block is None:
        raise _bad(path, line, f"edition.yaml has no block {key}")
    known = TYPES[block.type].fields(block.data)
    if field not in known:
        fields = ", ".join(known) or "no texts"
        raise _bad(path, line, f"block {key} ({block.type}) has no field {field}; it has {fields}")
    if not isinstance(text, str):
        raise _bad(path, line, f"{field} must be a text")
    texts = block.texts.setdefault(locale, {})
    if field in texts:
        raise _bad(path, line, f"{key}.{field} is written twice")
    if field in TYPES[block.type].lines and "\n" in text:
        raise _bad(path, line, f"{key}.{field} must be a single line")
    if (
        field in TYPES[block.type].numbers
        and text.strip()
        and not re.fullmatch("[1-9][0-9]{0,3}", text.strip(), re.ASCII)
    ):
        raise _bad(path, line, f"{key}.{field} must be a whole number")
    if text.strip():
        texts[field] = text.strip() if field in TYPES[block.type].lines else text


def _read_progress(path: Path) -> dict[str, dict[str, Progress]]:
    if not path.exists():
        return {}
    try:
        raw = json.loads(_text(path))
        return {
            locale: {key: Progress.model_validate(value) for key, value in blocks.items()}
            for locale, blocks in raw.items()
        }
    except json.JSONDecodeError as error:
        raise _bad(path, error.lineno, error.msg) from None
    except (ValidationError, AttributeError):
        raise _bad(path, 1, "it is not {language: {block: {status, source_hash, …}}}") from None


def _text(path: Path) -> str:
    """A UTF-8 file, a byte-order mark tolerated, line ends made one."""
    try:
        raw = path.read_bytes()[: _MOST_OCTETS + 1]
    except OSError as error:
        raise InvalidError(N_("%(file)s cannot be read: %(why)s."), file=path.name, why=error.strerror) from None
    if len(raw) > _MOST_OCTETS:
        raise _bad(path, 1, f"the file is longer than {_MOST_OCTETS} octets")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _bad(path, line, "this is not UTF-8; save the file as UTF-8 (it may be Big5 or UTF-16)") from None


def _yaml(path: Path, text: str, offset: int) -> dict[str, Any]:
    """YAML whose scalars all stay the strings that were typed: ``off`` and ``19:45`` mean themselves."""
    try:
        value = yaml.load(text, yaml.BaseLoader)  # noqa: S506 — BaseLoader makes strings, lists and maps only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 + offset if mark else 1 + offset
        raise _bad(path, line, getattr(error, "problem", None) or "this is not YAML") from None
    if not isinstance(value, dict):
        raise _bad(path, 1 + offset, "here must stand lines of the form key: value")
    return value


def _invalid(path: Path, error: ValidationError, where: str = "") -> InvalidError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    return _bad(path, 1, f"{where}{name}: {first['msg'].removeprefix('Value error, ')}")


def _bad(path: Path, line: int, why: str) -> InvalidError:
    return InvalidError(N_("%(file)s, line %(line)s: %(why)s."), file=path.name, line=line, why=why)
