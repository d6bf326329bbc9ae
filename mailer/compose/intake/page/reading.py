"""An article as it is laid out on a page: which of its lines are what, from the place above its title to its PS."""

import re
from dataclasses import dataclass, field
from itertools import takewhile

from mailer.compose.intake.day import day, is_dateline
from mailer.compose.intake.markup.writer import TITLE_AGAIN
from mailer.compose.intake.notes import Notes
from mailer.compose.parsed import line, visible
from mailer.i18n import N_

_LEFT_OUT = N_("Lines between the title and the text were left out: %(words)s.")

_RULE = "---"
_SHORT, _LINE, _PARAGRAPH = 40, 120, 300
_BLOCK = re.compile(r"(?:#{1,6}|[->+]|\d+[.)]) ")
_BOLD = re.compile(r"\*\*((?:[^*\\]|\\.)+)\*\*")
_EMPHASIS = re.compile(r"(\*\*|\*)(.*)\1", re.DOTALL)
_COPYRIGHT = re.compile("©|ⓒ|copyright|all rights reserved|版權所有|版权所有|保留所有權利", re.IGNORECASE)
_PUBLISHED = re.compile(
    r"(?:publication date|published|posted|first published|刊登|出版|發[佈布表]|刊出)", re.IGNORECASE
)
_BYLINE = re.compile(r"(?:by|written by|text by|作者|撰文|文)\s?(?:[:：]|(?<=y)\s)\s?(\S.{0,58})", re.IGNORECASE)
_SERIES = re.compile(r" [-–—|·•] |系列|專題|專輯|第.{1,8}[期輯號卷集]|\b(?:series|part|issue|no\.|vol)", re.IGNORECASE)
_SENTENCE = re.compile("[.。！？!?]$")
_PS = re.compile(r"(?:P\.?\s?S\.?|附記|附言|又及|後記|編按)(?:\s?[:：.]|$)", re.IGNORECASE)


@dataclass(slots=True)
class Reading:
    """The fields of an article block, as far as they were found, and the day that its page names."""

    fields: dict[str, str] = field(default_factory=dict)
    published: str = ""


_ITEM = re.compile(r"- [^\n]+")


def read(text: str, title: str, abstract: str, kept: str, notes: Notes) -> Reading:
    """An article's Markdown as fields. ``abstract``: what the page says it is about; ``kept``: the words of its text.

    A place above the title, a series, a byline, a day, a copyright line and an abstract below it; a dateline
    and a PS at its end. What is none of these is the body.
    """
    found = Reading()
    blocks = re.split(r"\n\n(?! )", text)
    start = next((n for n, block in enumerate(blocks) if _is_title(block, title)), -1)
    if start > 0:
        _above(blocks[:start], found)
    rest = _without_title(blocks[start + 1 :], title, notes)
    rest = [block for block in rest if not _is_copyright(block, found)]
    front = _front(rest, abstract, found, notes, kept)
    body = rest[front:]
    end = next((n for n, block in enumerate(body) if n and _PS.match(visible(block))), None)
    if end is not None:
        found.fields["ps"] = _ps(body[end:])
        body = body[:end]
    else:
        body = _until(body, kept)
    while body and body[-1] == _RULE:
        body.pop()
    if len(body) > 1 and is_dateline(visible(body[-1])):
        found.fields["dateline"] = visible(body.pop())
    found.fields["body"] = "\n\n".join(body)
    return found


def bare(words: str) -> str:
    """Words to compare: however they are laid out."""
    return "".join(line(words).split())


def _is_title(block: str, title: str) -> bool:
    return block.startswith("#") and bare(visible(block)) == bare(title)


def _above(blocks: list[str], found: Reading) -> None:
    """The kicker: a short line right above the title."""
    last = visible(blocks[-1])
    if len(last) <= _SHORT and not _BLOCK.match(blocks[-1]) and blocks[-1] != _RULE:
        found.fields["kicker"] = last


def _without_title(blocks: list[str], title: str, notes: Notes) -> list[str]:
    """Without the title where it stands again, and the rule that a page break leaves behind it."""
    kept: list[str] = []
    after_break = False
    for block in blocks:
        if _is_title(block, title):
            notes.add(TITLE_AGAIN, title)
            after_break = True
        elif not (after_break and block == _RULE):
            kept.append(block)
            after_break = False
    return kept


def _is_copyright(block: str, found: Reading) -> bool:
    """Whether it is a line that says whose the text is; the first of them is kept as such."""
    words = visible(block)
    if len(words) > _PARAGRAPH or _BLOCK.match(block) or not _COPYRIGHT.search(words):
        return False
    found.fields.setdefault("copyright", block)
    return True


def _front(blocks: list[str], abstract: str, found: Reading, notes: Notes, kept: str) -> int:
    """How many blocks stand above the body; what they say goes into ``found``."""
    for number, block in enumerate(blocks):
        words = visible(block)
        if block == _RULE or _is_front(block, words, abstract, found):
            continue
        if len(words) <= _LINE and kept and bare(words) not in kept:
            notes.add(_LEFT_OUT, words)
            continue
        return number
    return len(blocks)


def _is_front(block: str, words: str, abstract: str, found: Reading) -> bool:
    fields = found.fields
    if _ITEM.fullmatch(block):
        # A line between hyphens looks like a list to some programs.
        block = block[2:]
        words = visible(block)
    elif _BLOCK.match(block):
        return False
    if len(words) <= _LINE and _PUBLISHED.match(words) and (named := day(words)):
        found.published = found.published or named.isoformat()
    elif is_dateline(words):
        fields.setdefault("dateline", words)
    elif byline := _BYLINE.fullmatch(words):
        fields.setdefault("author", byline[1].strip())
    elif "abstract" not in fields and (_BOLD.fullmatch(block) or (abstract and bare(words) == bare(abstract))):
        whole = _BOLD.fullmatch(block)
        fields["abstract"] = whole[1] if whole else block
    elif "series" not in fields and len(words) <= _LINE and _SERIES.search(words) and not _SENTENCE.search(words):
        fields["series"] = words.strip("-–— ")
    else:
        return False
    return True


def _ps(blocks: list[str]) -> str:
    """A PS without the letters themselves, which every language has in its own way, up to a heading or a rule."""
    own = list(takewhile(lambda block: block != _RULE and not block.startswith("#"), blocks[1:]))
    first = visible(blocks[0])
    label = _PS.match(first)
    if label and first[label.end() :].strip():
        emphasis = _EMPHASIS.fullmatch(blocks[0])
        inner = emphasis[2] if emphasis else blocks[0]
        own.insert(0, _PS.sub("", inner, 1).strip() if _PS.match(inner) else blocks[0])
    return "\n\n".join(own)


def _until(blocks: list[str], kept: str) -> list[str]:
    """Up to the last block that belongs to the text; all, where nothing tells which."""
    last = max((n for n, block in enumerate(blocks) if kept and bare(visible(block)) in kept), default=len(blocks) - 1)
    dateline = blocks[last + 1 : last + 2]
    return blocks[: last + 2] if dateline and is_dateline(visible(dateline[0])) else blocks[: last + 1]
