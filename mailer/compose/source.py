"""Files as people hand them in: UTF-8 text and YAML of plain strings, each fault with its line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mailer.errors import InvalidError
from mailer.i18n import N_

_MOST_OCTETS = 2_000_000

# What the parser says, and what a person can do about it.
_HINTS = {
    "found character '\\t'": "indent with spaces, not with a tab",
    "mapping values are not allowed here": "put a value that holds a colon in quotes",
}

Place = tuple[str | int, ...]


def bad(path: Path, line: int, why: str) -> InvalidError:
    """The refusal of a file: where, and what is wrong there."""
    return InvalidError(N_("%(file)s, line %(line)s: %(why)s."), file=path.name, line=line, why=why)


def text(path: Path) -> str:
    """A UTF-8 file, a byte-order mark tolerated, line ends made one."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_OCTETS + 1)
    except OSError as error:
        raise InvalidError(N_("%(file)s cannot be read: %(why)s."), file=path.name, why=error.strerror) from None
    if len(raw) > _MOST_OCTETS:
        raise bad(path, 1, f"the file is longer than {_MOST_OCTETS} octets")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise bad(path, line, "this is not UTF-8; save the file as UTF-8 (it may be Big5 or UTF-16)") from None


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML mapping whose scalars all stay the strings that were typed: ``off`` and ``19:45`` mean themselves."""

    path: Path
    value: dict[str, Any]
    lines: dict[Place, int]

    def bad(self, where: Place, why: str) -> InvalidError:
        """A refusal of what stands at ``where``: keys and list positions from the root."""
        while where and where not in self.lines:
            where = where[:-1]
        return bad(self.path, self.lines[where], why)

    def invalid(self, error: ValidationError, where: Place = ()) -> InvalidError:
        """The first fault that validation found below ``where``."""
        first = error.errors()[0]
        name = ".".join(part for part in first["loc"] if isinstance(part, str))
        why = "there is no such key here" if first["type"] == "extra_forbidden" else first["msg"]
        return self.bad((*where, *first["loc"]), f"{name}: {why.removeprefix('Value error, ')}")


def document(path: Path, source: str, offset: int = 0) -> Document:
    """The YAML mapping in ``source``, which begins ``offset`` lines down its file."""
    lines: dict[Place, int] = {(): 1 + offset}
    # An alias may stand for itself, or for so much that nothing else fits into memory.
    seen: set[int] = set()

    def plain(node: yaml.Node, where: Place) -> Any:
        line = lines[where] = node.start_mark.line + 1 + offset
        if id(node) in seen:
            raise bad(path, line, "write it out: aliases (*name) are not taken")
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [plain(item, (*where, number)) for number, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return node.value
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in found:
                raise bad(path, key.start_mark.line + 1 + offset, "this key stands here twice, or is none")
            found[key.value] = plain(value, (*where, key.value))
        return found

    try:
        root = yaml.compose(source, yaml.BaseLoader)
        if not isinstance(root, yaml.MappingNode):
            raise bad(path, 1 + offset, "here must stand lines of the form key: value")
        return Document(path, plain(root, ()), lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", None) or "this is not YAML")
        hint = next((hint for sign, hint in _HINTS.items() if problem.startswith(sign)), problem)
        raise bad(path, (mark.line if mark else 0) + 1 + offset, hint) from None
    except RecursionError:
        raise bad(path, 1 + offset, "there are too many levels inside each other") from None
