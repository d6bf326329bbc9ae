"""Files as people hand them in: UTF-8 text and YAML of plain strings, each fault with its line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mailer.characters import refuse_controls, refuse_unreadable
from mailer.compose.reason import reason
from mailer.errors import InvalidError, Term
from mailer.i18n import N_

# Far more than a mail may hold, and little enough to read in no time.
MOST_OCTETS = 250_000

# What the parser says, and what a person can do about it.
_HINTS = {
    "found character '\\t'": N_("indent with spaces, not with a tab"),
    "mapping values are not allowed here": N_("put a value that holds a colon in quotes"),
}
_NO_YAML = N_("this is not YAML (%(problem)s)")

Place = tuple[str | int, ...]


def bad(path: Path, line: int, why: str, /, **values: object) -> InvalidError:
    """The refusal of a file: where, and what is wrong there, a message of the catalogue with its values."""
    return InvalidError(N_("%(file)s, line %(line)s: %(why)s."), file=path.name, line=line, why=Term(why, **values))


def is_folder(path: Path) -> bool:
    """Whether a folder lies there; where nobody may look, or what no name can be, there is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether an ordinary file lies there, likewise."""
    try:
        return path.is_file()
    except OSError:
        return False


def text(path: Path, most: int = MOST_OCTETS) -> str:
    """A UTF-8 file of at most so many octets, a byte-order mark tolerated, line ends made one."""
    try:
        if not path.is_file():
            raise _unreadable(path, Term(N_("it is not there, or no ordinary file")))
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror) from None
    if len(raw) > most:
        raise bad(path, 1, N_("the file is longer than %(most)s octets"), most=most)
    try:
        decoded = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        number = raw[: error.start].count(b"\n") + 1
        raise bad(path, number, N_("this is not UTF-8; save the file as UTF-8 (it may be Big5 or UTF-16)")) from None
    for number, line in enumerate(decoded.split("\n"), 1):
        _refuse_characters(path, number, line)
    return decoded


def _unreadable(path: Path, why: object) -> InvalidError:
    return InvalidError(N_("%(file)s cannot be read: %(why)s."), file=path.name, why=why)


def _refuse_characters(path: Path, number: int, line: str) -> None:
    try:
        refuse_unreadable(refuse_controls(line.replace("\t", "")))
    except InvalidError as error:
        raise bad(path, number, error.message, **error.values) from None


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML mapping whose scalars all stay the strings that were typed: ``off`` and ``19:45`` mean themselves."""

    path: Path
    value: dict[str, Any]
    lines: dict[Place, int]

    def bad(self, where: Place, why: str, /, **values: object) -> InvalidError:
        """A refusal of what stands at ``where``: keys and list positions from the root."""
        while where and where not in self.lines:
            where = where[:-1]
        return bad(self.path, self.lines[where], why, **values)

    def invalid(self, error: ValidationError, where: Place = ()) -> InvalidError:
        """The first fault that validation found below ``where``."""
        why = reason(error)
        return self.bad((*where, *error.errors()[0]["loc"]), why.message, **why.values)


class _Reader:
    """From YAML's nodes to plain strings, lists and mappings, noting each one's line."""

    def __init__(self, path: Path, offset: int) -> None:
        self._path = path
        self._offset = offset
        self.lines: dict[Place, int] = {}
        # An alias may stand for itself, or for so much that nothing else fits into memory.
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, where: Place) -> Any:
        line = self.lines[where] = self._line(node)
        if id(node) in self._seen:
            raise bad(self._path, line, N_("write it out: aliases (*name) are not taken"))
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*where, number)) for number, item in enumerate(node.value)]
        # An escape may have made what the file itself did not hold.
        for part in str(node.value).split("\n"):
            _refuse_characters(self._path, line, part)
        return node.value

    def _mapping(self, node: yaml.MappingNode, where: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in found:
                raise bad(self._path, self._line(key), N_("this key stands here twice, or is none"))
            found[key.value] = self.read(value, (*where, key.value))
        return found

    def _line(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + 1 + self._offset


def document(path: Path, source: str, offset: int = 0) -> Document:
    """The YAML mapping in ``source``, which begins ``offset`` lines down its file."""
    reader = _Reader(path, offset)
    try:
        root = yaml.compose(source, yaml.BaseLoader)
        if not isinstance(root, yaml.MappingNode):
            raise bad(path, 1 + offset, N_("here must stand lines of the form key: value"))
        return Document(path, reader.read(root, ()), reader.lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", ""))
        hint = next((hint for sign, hint in _HINTS.items() if problem.startswith(sign)), _NO_YAML)
        raise bad(path, (mark.line if mark else 0) + 1 + offset, hint, problem=problem) from None
    except RecursionError:
        raise bad(path, 1 + offset, N_("there are too many levels inside each other")) from None
