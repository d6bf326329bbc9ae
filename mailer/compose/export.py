"""An edition written out as a folder, or as an archive of one: what ``folder.py`` reads, without loss."""

import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml

from mailer.compose import glossary
from mailer.compose.blocks import FRONT, TYPES, stored
from mailer.compose.draft import Draft, DraftBlock, named
from mailer.errors import RefusedError
from mailer.i18n import N_
from mailer.model import Fallback, Layout, Term

_WIDTH = 116
_BASE = "# What this was exported from: leave it, and a later import notices what others changed meanwhile.\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive, the earliest that it knows: the same edition gives the same octets."""


def files(draft: Draft, terms: Iterable[Term] = (), *, based: bool = True) -> dict[str, bytes]:
    """Each file of the folder by its name, the same for the same edition; ``terms``: the newsletter's glossary.

    ``based``: whether it says what it was exported from, so that an import finds out what moved since.
    """
    found = {"edition.yaml": (_spine(draft) + (_based(draft) if based else "")).encode()}
    found |= {f"{tag}.md": _texts(draft, tag).encode() for tag in draft.locales}
    if draft.progress:
        found["translations.json"] = _progress(draft).encode()
    if held := list(terms):
        found["glossary.csv"] = glossary.written(held)
    return found | {f"images/{name}": draft.images[name].content for name in sorted(draft.images)}


def write(folder: Path, contents: dict[str, bytes]) -> None:
    """Write the files of a folder, which must be new or empty: all of them or none. Raises RefusedError."""
    with _said(folder):
        was = folder.exists()
        if was and (not folder.is_dir() or any(folder.iterdir())):
            raise RefusedError(N_("%(path)s is in use: name a folder that is empty or new."), path=folder)
        with _undoing() as undo:
            if not was:
                undo.callback(shutil.rmtree, folder, ignore_errors=True)
            undo.callback(shutil.rmtree, folder / "images", ignore_errors=True)
            (folder / "images").mkdir(parents=True)
            for name, octets in contents.items():
                undo.callback((folder / name).unlink, missing_ok=True)
                (folder / name).write_bytes(octets)


def write_file(path: Path, octets: bytes) -> None:
    """Write a new file whole or not at all; what lies there already is not written over. Raises RefusedError."""
    with _said(path), _undoing() as undo:
        try:
            file = path.open("xb")
        except FileExistsError:
            raise RefusedError(N_("%(path)s is there already: name a new file."), path=path) from None
        undo.callback(path.unlink, missing_ok=True)
        with file:
            file.write(octets)


@contextmanager
def _undoing() -> Iterator[ExitStack]:
    """What takes away again what was written, unless all of it was: half an edition would look like one."""
    with ExitStack() as undo:
        yield undo
        undo.pop_all()


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """The system's faults, said as ours."""
    try:
        yield
    except OSError as error:
        raise RefusedError(N_("%(path)s cannot be written: %(why)s."), path=path, why=error.strerror) from None


def archive(contents: dict[str, bytes]) -> bytes:
    """The same files as a ZIP archive."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as into:
        for name, octets in contents.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            into.writestr(entry, octets, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


# The spine


def _spine(draft: Draft) -> str:
    spine: dict[str, Any] = {
        "format": "1",
        "slug": draft.slug,
        "kind": draft.kind,
        "template": draft.template,
        "languages": draft.locales,
        **({"derived": draft.derived} if draft.derived else {}),
        "source": draft.source_locale,
        "policy": draft.policy.value,
        **({"layout": draft.layout.value} if draft.layout is not Layout.STACKED else {}),
        "blocks": [_block(block) for block in draft.blocks if block.type != FRONT],
    }
    return _yaml(spine)


def _based(draft: Draft) -> str:
    return f"{_BASE}base: {named(draft)}\n"


def _block(block: DraftBlock) -> dict[str, Any]:
    use = {
        "languages": block.languages,
        "required": None if block.required else "no",
        "fallback": block.fallback.value if isinstance(block.fallback, Fallback) else None,
    }
    told = {"id": block.key, "type": block.type, **use, **stored(block.data)}
    return {name: _typed(value) for name, value in told.items() if value is not None}


def _typed(value: Any) -> Any:
    """A value of stored data as people type it: a file holds strings alone."""
    if isinstance(value, dict):
        return {name: _typed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_typed(part) for part in value]
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _yaml(value: dict[str, Any]) -> str:
    dumped = yaml.serialize(_node(value), Dumper=yaml.dumper.BaseDumper, allow_unicode=True, width=_WIDTH)
    return str(dumped)


def _node(value: Any) -> yaml.Node:
    """Strings alone, which need no quotes to stay what they are; what fits a line stands on one."""
    if isinstance(value, dict):
        pairs = [(_node(name), _node(part)) for name, part in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=_flat(value))
    if isinstance(value, list):
        return yaml.SequenceNode("tag:yaml.org,2002:seq", [_node(part) for part in value], flow_style=_flat(value))
    return yaml.ScalarNode("tag:yaml.org,2002:str", value)


def _flat(value: Any) -> bool:
    """Whether it holds nothing but scalars, as a short list of languages or a block without cards does."""
    parts = value.values() if isinstance(value, dict) else value
    return not any(isinstance(part, dict | list) for part in parts)


# One language


def _texts(draft: Draft, tag: str) -> str:
    return "\n".join(["---", _front(draft, tag), *_bodies(draft, tag)])


def _front(draft: Draft, tag: str) -> str:
    fields = _written(next(block for block in draft.blocks if block.type == FRONT), tag)
    return f"{_lines(fields)}---\n"


def _lines(fields: dict[str, str]) -> str:
    """Front matter: a value a line, in quotes, so that a colon in it means nothing."""
    return "".join(f"{name}: {json.dumps(text, ensure_ascii=False)}\n" for name, text in fields.items())


def _bodies(draft: Draft, tag: str) -> Iterator[str]:
    for block in draft.blocks:
        if block.type != FRONT:
            for name, text in _written(block, tag).items():
                yield f"<!-- {block.key}.{name} -->\n{text}\n"


def _written(block: DraftBlock, tag: str) -> dict[str, str]:
    """The fields that a language has, in the order of the block's type."""
    texts = block.texts.get(tag, {})
    return {name: texts[name] for name in TYPES[block.type].fields(block.data) if name in texts}


def _progress(draft: Draft) -> str:
    told = {
        tag: {key: made.model_dump(mode="json", exclude_none=True) for key, made in of_blocks.items()}
        for tag, of_blocks in draft.progress.items()
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
