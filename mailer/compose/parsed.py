"""Markdown as it is parsed: what a text says, however a person or a tool laid it out."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_cjk_friendly import cjk_friendly  # type: ignore[import-untyped]  # it ships no types

from mailer.chinese import WIDE
from mailer.errors import InvalidError
from mailer.i18n import N_

_SHOWN = 40
_DEEPEST = 10
"""Levels of blocks inside each other, a list being two. The parser drops what stands deeper, so that is refused."""
_WIDE = re.compile(f"[{WIDE}]")
# A paragraph is told by the text in it, and whether a list is loose by nothing that readers see.
_UNSAID = {"paragraph_open", "paragraph_close"}
_SPELLINGS = {"fence": "code_block"}
# Characters that no text may hold (see characters.py): what is typed cannot be taken for a mark.
_MARK, _END = "\x01", "\x02"
_MARKS = re.compile(f"{_MARK}[^{_MARK}]*{_MARK}")


def _join(state: StateInline) -> None:
    """Neighbouring pieces of text made one; the library adds them up one by one, and keeps each sum."""
    joined: list[Token] = []
    for is_text, run in groupby(state.tokens, key=lambda token: token.type == "text"):
        pieces = list(run)
        if is_text:
            pieces[0].content = "".join(piece.content for piece in pieces)
        joined += pieces[:1] if is_text else pieces
    state.tokens[:] = joined


def _soft_break(_: RendererHTML, inline: Sequence[Token], at: int, *__: object) -> str:
    """Nothing between wide characters, emphasised or not, as in plain text; the library looks at bare ones alone."""
    before = next((inline[n].content for n in range(at - 1, -1, -1) if inline[n].content), "")
    after = next((inline[n].content for n in range(at + 1, len(inline)) if inline[n].content), "")
    return "" if _WIDE.match(before[-1:]) and _WIDE.match(after) else "\n"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True, "maxNesting": _DEEPEST}).use(cjk_friendly)
    parser.inline.ruler2.before("fragments_join", "join", _join)
    parser.add_render_rule("softbreak", _soft_break)
    # Definitions of links are left as typed: for each the parser reads the rest of its paragraph anew.
    return parser.disable(["image", "reference"])


PARSER = _parser()
"""CommonMark without raw HTML; bold beside 「」 or 《》 is bold, a line break beside Han no space."""


# A variant's three forms and its modes ask for the same texts again and again.
@lru_cache(maxsize=1024)
def tokens(source: str) -> Sequence[Token]:
    """The block tokens of a Markdown text, not to be changed.

    Raises InvalidError for lists and quotations too deep in each other.
    """
    found = PARSER.parse(source)
    if any(token.type in {"blockquote_open", "list_item_open"} and token.level >= _DEEPEST - 1 for token in found):
        raise InvalidError(
            N_(
                "The text “%(start)s …” has lists or quotations too deep inside each other:"
                " more than %(most)s cannot be shown."
            ),
            start=" ".join(source.split())[:_SHOWN],
            most=(_DEEPEST - 1) // 2,
        )
    return found


def canonical(source: str) -> str:
    """What a Markdown text says: the same for the same words, however they are laid out; in NFC."""
    said = (_inline(token) if token.type == "inline" else _mark(token) for token in _told(PARSER.parse(source)))
    return _END.join(map(line, said))


def visible(source: str) -> str:
    """The words alone, without what is set round them and where they lead."""
    return _MARKS.sub("", canonical(source)).replace(_END, "\n")


def line(text: str) -> str:
    """The same for a text that is not Markdown: NFC, white space collapsed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _told(tokens: list[Token]) -> list[Token]:
    return [token for token in tokens if token.type not in _UNSAID]


def _mark(token: Token) -> str:
    """A token that is no text: what it is, and where it leads or begins."""
    kind = _SPELLINGS.get(token.type, token.type)
    return f"{_MARK}{kind}{token.tag}{token.attrs.get('href', '')}{token.attrs.get('start', '')}{_MARK}{token.content}"


def _inline(token: Token) -> str:
    children = token.children or []
    said, before = "", ""
    for position, child in enumerate(children):
        if child.type == "text":
            said += child.content
        elif child.type == "softbreak":
            after = next((each.content for each in children[position + 1 :] if each.content), "")
            joined = _WIDE.match(before[-1:]) and _WIDE.match(after)
            said += "" if joined else " "
        else:
            said += _mark(child)
        before = child.content or before
    return said
