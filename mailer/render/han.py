"""Han inside another language: named as Chinese, so that it gets its own glyphs and its own voice."""

import re

from markupsafe import Markup, escape

from mailer.chinese import WIDE, has_han

# Tags are stepped over whole, a ">" inside a quoted value too; so are character references.
_TAG_OR_RUN = re.compile(rf"""(<(?:[^<>"']|"[^"]*"|'[^']*')*>|&\#?\w+;)|[{WIDE}]+""")


def name_han(html: str, tag: str) -> Markup:
    """``html`` with each run of Han in ``<span lang=TAG>``; a plain string is escaped first.

    The runs stay upright inside <em>: Han has no italic.
    """
    opening = f'<span lang="{escape(tag)}" style="font-style:normal">'

    def name(found: re.Match[str]) -> str:
        return found[0] if found[1] or not has_han(found[0]) else f"{opening}{found[0]}</span>"

    return Markup(_TAG_OR_RUN.sub(name, escape(html)))  # noqa: S704 — escaped, and only our own tags added


_EM = re.compile("(</?em>)")
_DOTTED = "".join(
    f"{prefix}text-emphasis:filled dot;{prefix}text-emphasis-position:under right;" for prefix in ("", "-webkit-")
)


def upright(html: str) -> Markup:
    """``html`` of a Chinese text: emphasised Han gets dots below instead of a slant."""
    pieces = _EM.split(escape(html))
    # From the end, so that each emphasis is known by what it holds up to its own.
    has = False
    for at in range(len(pieces) - 1, -1, -1):
        if pieces[at] == "<em>" and has:
            pieces[at] = f'<em style="font-style:normal;{_DOTTED}">'
        has = pieces[at] != "</em>" and (has or has_han(pieces[at]))
    return Markup("".join(pieces))  # noqa: S704 — escaped, and only our own tags added
