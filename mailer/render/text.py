"""The plain-text part, written from the same Markdown tokens as the HTML: full, and as if by hand."""

import re
from collections.abc import Sequence

from markdown_it.token import Token

from mailer.chinese import WIDE
from mailer.compose.parsed import tokens

RULE = "----"

_WIDE_START = re.compile(f"[{WIDE}]")
_WIDE_END = re.compile(f"[{WIDE}]$")


def plain(source: str) -> str:
    """A Markdown text as plain text: paragraphs, lists nested by two spaces, links with their address."""
    return "\n\n".join(_blocks(tokens(source)))


def _blocks(stream: Sequence[Token]) -> list[str]:
    """Each block's lines, in order; a list is one block."""
    found: list[str] = []
    position = 0
    while position < len(stream):
        token = stream[position]
        end = _closing(stream, position)
        inner = stream[position + 1 : end]
        if token.type == "inline":
            found.append(_inline(token))
        elif token.type == "hr":
            found.append(RULE)
        elif token.type in {"fence", "code_block"}:
            found.append(token.content.rstrip("\n"))
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            found.append(_list(token, inner))
        elif token.type == "blockquote_open":
            found.append("\n".join(f"> {line}".rstrip() for line in "\n\n".join(_blocks(inner)).split("\n")))
        else:
            found += _blocks(inner)
        position = end + 1
    return found


def _closing(stream: Sequence[Token], start: int) -> int:
    """The position of the token that closes the one at ``start``."""
    depth = 0
    for position in range(start, len(stream)):
        depth += stream[position].nesting
        if depth == 0:
            return position
    raise ValueError("a token is never closed")


def _list(opening: Token, inner: Sequence[Token]) -> str:
    number = int(opening.attrs.get("start", 1)) if opening.type == "ordered_list_open" else None
    lines = []
    position = 0
    while position < len(inner):
        end = _closing(inner, position)
        mark = "* " if number is None else f"{number}. "
        body = "\n".join(_blocks(inner[position + 1 : end])).split("\n")
        lines.append(mark + body[0])
        lines += [f"  {line}" for line in body[1:]]
        number = None if number is None else number + 1
        position = end + 1
    return "\n".join(lines)


def _inline(token: Token) -> str:
    """The text of a paragraph; a link's address follows its text, after a colon where that is Han."""
    out, address, started = "", "", 0
    children = token.children or []
    for position, child in enumerate(children):
        if child.type in {"text", "code_inline"}:
            out += child.content
        elif child.type == "hardbreak":
            out += "\n"
        elif child.type == "softbreak":
            # As in the HTML: no space between two wide characters, one everywhere else.
            after = next((children[n].content for n in range(position + 1, len(children)) if children[n].content), "")
            joined = out.endswith(" ") or (_WIDE_END.search(out[-1:]) and _WIDE_START.match(after))
            out += "" if joined else " "
        elif child.type == "link_open":
            address, started = "" if child.markup == "autolink" else str(child.attrs["href"]), len(out)
        elif child.type == "link_close":
            out += _target(out[started:], address)
    return "\n".join(line.strip(" ") for line in out.split("\n"))


def _target(label: str, address: str) -> str:
    if address in {"", label, f"mailto:{label}"}:
        return ""
    if not label:
        return address
    return f"：{address} " if _WIDE_END.search(label) else f" ({address})"
