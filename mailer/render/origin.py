"""Where in the templates a piece of rendered source comes from: a mark before each tag names its file and line.

The marks are put in when a template is compiled and taken out before the source is used. A random
part, made anew in each process, keeps text that looks like one from being one.
"""

import re
import secrets
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from mailer.errors import InvalidError
from mailer.i18n import N_

_TEMPLATE = "edition.mjml"
"""Where every document begins."""

_NONCE = secrets.token_hex(8)
_MARK = re.compile(rf"XAT{_NONCE}:([\w./-]+):(\d+)XTA".encode())
# All that XML can be malformed by begins with one of these, or is noticed at the next one.
_TAG = re.compile("[<&]")


def mark(source: str, file: str, first: int = 1) -> str:
    """A piece of a template's own text, from its line ``first`` on, with a mark before each tag and reference."""

    def named(found: re.Match[str]) -> str:
        return f"XAT{_NONCE}:{file}:{first + source.count(chr(10), 0, found.start())}XTA{found[0]}"

    return _TAG.sub(named, source)


class Origins(Extension):
    """Marks what the templates of an environment say themselves; what they are given stays as it is."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            marked = token.type == "data"
            yield (
                Token(token.lineno, token.type, mark(token.value, str(stream.name), token.lineno)) if marked else token
            )


@dataclass(frozen=True, slots=True)
class Traced:
    """A source without its marks: ``content`` in UTF-8, and where each mark stood in it."""

    content: bytes
    starts: tuple[int, ...]
    places: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, marked: str) -> "Traced":
        """Take the marks out of a rendered source."""
        pieces = _MARK.split(marked.encode())
        starts, length = [], 0
        for piece in pieces[0:-1:3]:
            length += len(piece)
            starts.append(length)
        places = zip(map(bytes.decode, pieces[1::3]), map(int, pieces[2::3]), strict=True)
        return cls(b"".join(pieces[0::3]), tuple(starts), tuple(places))

    def wrong(self, octet: int, why: str) -> InvalidError:
        """What is wrong at an octet of ``content``: the refusal names file and line."""
        file, line = self.places[max(0, bisect_right(self.starts, octet) - 1)] if self.places else ("MJML", 1)
        return wrong(file, line, why)


def wrong(file: str, line: int, why: str) -> InvalidError:
    """The refusal of a template: where, and what is wrong there."""
    return InvalidError(N_("The layout is wrong in %(file)s, line %(line)s: %(why)s."), file=file, line=line, why=why)


def environment(root: Path) -> Environment:
    """The templates in a folder, marked; what they are given is escaped, and they may ask for nothing else."""
    return Environment(
        loader=FileSystemLoader(root),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # The renderer refuses blanks without a line end between components of the head.
        keep_trailing_newline=True,
        extensions=[Origins],
    )


def fill(templates: Environment, **values: Any) -> str:
    """The source of a document with its marks.

    Raises InvalidError naming file and line of a template that cannot be read, or that asks for what is not there.
    """
    try:
        return templates.get_template(_TEMPLATE).render(values)
    except TemplateSyntaxError as error:
        raise wrong(error.name or _TEMPLATE, error.lineno, _why(error)) from None
    except TemplateError as error:
        # Jinja puts files and lines of the templates into the traceback.
        frame = next(each for each in reversed(extract_tb(error.__traceback__)) if each.filename.endswith(".mjml"))
        assert isinstance(templates.loader, FileSystemLoader)
        file = Path(frame.filename).relative_to(templates.loader.searchpath[0])
        raise wrong(file.as_posix(), frame.lineno or 0, _why(error)) from None


def _why(error: TemplateError) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no {error.name}"
    return (error.message or type(error).__name__).rstrip(".")
