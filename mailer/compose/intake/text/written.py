"""Paragraphs of plain text written as Markdown that says just the same: lists stay lists, bare addresses work."""

import re
from collections.abc import Iterator, Sequence

from mailer.chinese import WIDE, width
from mailer.compose.intake.markup.link import resolved
from mailer.compose.intake.markup.span import Span, Style, paragraph
from mailer.compose.intake.notes import Notes
from mailer.i18n import N_

_FLAT = N_("Lists inside lists became flat: %(words)s.")

Paragraph = Sequence[str]
"""The lines between two blank ones, as they were typed."""

_BULLET = re.compile(r"(\s*)[-*+•●▪‧·]\s+(?=\S)")
_NUMBER = re.compile(r"(\s*)[（(]?(\d{1,3})(?:[.)）]\s+|[．、]\s*)(?=\S)", re.ASCII)
# ASCII alone, since Chinese stands behind an address without a space; not what would end it in Markdown.
_ADDRESS = re.compile(r"https?://[!#$%&+,\-./0-9:;=?@A-Z_a-z~]*[#$%&+\-/0-9=@A-Z_a-z~]")
_FULL = 50
"""Columns of a line that was broken because it was full, and not because its writer wanted it so."""
_JOINT = re.compile(rf"(?<=[{WIDE}])\n(?=[{WIDE}])")


def is_item(line: str) -> bool:
    """Whether a line begins an item of a list."""
    return bool(_BULLET.match(line) or _NUMBER.match(line))


def written(paragraphs: Sequence[Paragraph], notes: Notes) -> str:
    """The Markdown of some paragraphs; items that stand apart from each other are one list."""
    blocks: list[tuple[str, str]] = []
    for each in paragraphs:
        for kind, text in _parts(each, notes):
            if blocks and kind and blocks[-1][0] == kind:
                blocks[-1] = (kind, f"{blocks[-1][1]}\n{text}")
            else:
                blocks.append((kind, text))
    return "\n\n".join(text for _, text in blocks)


def _parts(lines: Paragraph, notes: Notes) -> Iterator[tuple[str, str]]:
    """The prose and the items of a paragraph: its kind (nothing for prose, else of which list), its Markdown."""
    held: list[str] = []
    mark = kind = ""
    outer: int | None = None
    for line in [*lines, ""]:
        bullet, number = _BULLET.match(line), _NUMBER.match(line)
        begun = bullet or number
        if held and (begun or not line or (mark and not line[0].isspace())):
            yield kind, _item(mark, held, notes) if mark else _prose(held, notes)
            held, mark, kind = [], "", ""
        if begun:
            mark, kind = ("- ", "bullets") if not number else (f"{number[2]}. ", "numbers")
            indent = len(begun[1])
            outer = indent if outer is None else outer
            if indent > outer + 1:
                notes.add(_FLAT, line)
        held.append(line[begun.end() :] if begun else line)


def _item(mark: str, lines: Sequence[str], notes: Notes) -> str:
    return mark + _prose(lines, notes).replace("\n", "\n" + " " * len(mark))


def _prose(lines: Sequence[str], notes: Notes) -> str:
    """One paragraph: lines that were full are joined, short ones stay lines."""
    text = "\n".join(line.strip() for line in lines)
    if all(width(line) >= _FULL for line in lines[:-1]):
        text = _JOINT.sub("", text).replace("\n", " ")
    return paragraph(list(_spans(text)), notes)


def _spans(text: str) -> Iterator[Span]:
    """The text, each address in it a link."""
    end = 0
    for found in _ADDRESS.finditer(text):
        yield Span(text[end : found.start()], Style())
        yield Span(found[0], Style(href=resolved("", found[0])))
        end = found.end()
    yield Span(text[end:], Style())
