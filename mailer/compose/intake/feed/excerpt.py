"""The excerpt of a post: its first words once, without its title and without "continue reading", in a few lines."""

import re

from mailer.chinese import WIDE, width
from mailer.compose.intake.markup.writer import plain

_MOST_READ = 20_000
"""Characters of HTML: far more than an excerpt is cut from."""
_WIDEST = 300
"""Columns, of which Han takes two."""
_LEAST = _WIDEST // 3
"""Where no sentence ends behind this, it is cut between words."""
_SHORTEST_CUT = 8
"""Columns of a title in front of its quotation mark that tell it from any other line."""

_ON = "continue reading|read more|繼續閱讀|继续阅读|閱讀全文|阅读全文|閱讀更多|阅读更多"
_ENDS = r"[ »›→>….\].。)）〕]{0,9}"
_MORE = re.compile(
    rf"(?:[(（〔\[]?(?:{_ON}|read the rest|read on|keep reading|閱讀原文|阅读原文|查看全文)\b.{{0,200}}"
    r"|the post .{1,400} (?:appeared first|first appeared) on .{1,200}"
    rf"|.{{0,400}}(?:最早|最先|首先|率先)(?:發佈|發表|出現|发布|发表|出现)[於于在].{{1,200}}){_ENDS}",
    re.IGNORECASE,
)
"""A line that says that there is more, and perhaps of what."""
_TAIL = re.compile(rf"(?:\[?(?:\.\.\.|…{{1,9}})\]? ?)?[(（〔\[]?(?:{_ON}){_ENDS}$", re.IGNORECASE)
_CUT = re.compile(r"\[(?:\.\.\.|…)\]$")
_BLANKS = re.compile(r"[ \t]+")
_WIDE = re.compile(f"[{WIDE}]")
_JOINT = re.compile(rf"(?<=[{WIDE}])\n(?=[{WIDE}])")
_SENTENCE = re.compile(r"[。！？…]+[」』”）]*|[.!?]+[\"'”’)]*(?=\s)")
_STOPS = ".!?。！？…"
_JOINTS = " .:：。—–|-"


def excerpt(source: str, title: str) -> str:
    """Plain words from a post's HTML: at most about 300 columns. Raises InvalidError for HTML that cannot be read."""
    lines = [line for each in plain(source[:_MOST_READ]).split("\n") if (line := _BLANKS.sub(" ", each).strip(" "))]
    while lines and _MORE.fullmatch(lines[-1]):
        lines.pop()
    text = _TAIL.sub("", _JOINT.sub("", "\n".join(_untitled(lines, title))).replace("\n", " ")).rstrip(" ")
    broken = _CUT.search(text)
    return _shortened(_open(text[: broken.start()]) if broken else text)


def _untitled(lines: list[str], title: str) -> list[str]:
    """Without the title where it stands again, whole or, as in a broken attribute, up to its first quotation mark."""
    cut = title.partition('"')[0].strip()
    while title and lines:
        rest = lines[0].removeprefix(title)
        if not rest or (lines[0] == cut and width(cut) >= _SHORTEST_CUT):
            lines = lines[1:]
        elif rest != lines[0] and _is_apart(title, rest):
            lines = [rest.lstrip(_JOINTS), *lines[1:]]
        else:
            break
    return lines


def _is_apart(title: str, rest: str) -> bool:
    """Whether a sentence begins behind a title, and does not go on: "Prices rise" may begin "Prices rise again"."""
    behind = rest.lstrip(" ")
    return title[-1] in _STOPS or behind[:1] in _JOINTS or (rest[0] == " " and not behind[:1].islower())


def _shortened(text: str) -> str:
    """As much as fits, up to the end of a sentence, else of a word."""
    if width(text) <= _WIDEST:
        return text
    columns, most = 0, 0
    while columns + width(text[most]) < _WIDEST:
        columns += width(text[most])
        most += 1
    ends = [end for found in _SENTENCE.finditer(text[: most + 1]) if (end := found.end()) <= most]
    if ends and width(text[: ends[-1]]) >= _LEAST:
        return text[: ends[-1]]
    words = text[:most]
    return _open(words if _WIDE.search(text[most - 1 : most + 1]) else words.rpartition(" ")[0] or words)


def _open(text: str) -> str:
    """Words that went on, with the dots of their script."""
    words = text.rstrip(" ,;:，、；：")
    return f"{words}……" if _WIDE.match(words[-1:]) else f"{words} …"
