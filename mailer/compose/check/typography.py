"""How Chinese is set: its own punctuation, no blanks, the wording of Hong Kong. Pointed out, never corrected."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailer.chinese import HAN, is_chinese
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Passage, Reading, around, cut
from mailer.i18n import ZH, script

_FULL = str.maketrans(",:;!?()", "，：；！？（）")
# What Chinese stands beside: Han, and the marks that close or open a piece of it.
_BEFORE, _BEHIND = f"[{HAN}」』》，。：；！？）]", f"[{HAN}「『《（]"
_DIGITS = "一二三四五六七八九十百"


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern that is wrong in Chinese, and what is due in its place where one thing is.

    ``meant``: the languages that it is about. ``prose``: only in Markdown, since lines have a style of their own.
    """

    fault: Fault
    wrong: re.Pattern[str]
    due: Callable[[str], str] | None = None
    meant: Callable[[str], bool] = is_chinese
    prose: bool = False


def _traditional(tag: str) -> bool:
    return script(tag) == "Hant"


_RULES = (
    _Rule(Fault.HALF_WIDTH, re.compile(rf"(?<={_BEFORE})[,:;!?()](?={_BEHIND})"), lambda found: found.translate(_FULL)),
    _Rule(
        Fault.STRAIGHT_QUOTES,
        re.compile(
            rf"""(?<={_BEFORE})"|"(?={_BEHIND})|(?<![A-Za-z0-9])'(?={_BEHIND})|(?<={_BEFORE})'(?![A-Za-z0-9])"""
        ),
    ),
    _Rule(Fault.CURLY_QUOTES, re.compile(rf"[“‘](?={_BEHIND})|(?<={_BEFORE})[”’](?![A-Za-z])"), meant=_traditional),
    _Rule(
        Fault.ROUND_ZERO,
        re.compile(rf"(?<=[{_DIGITS}])[○◯]|[○◯](?=[{_DIGITS}年])"),
        lambda _: "〇",
    ),
    _Rule(Fault.DOTS, re.compile(rf"(?<={_BEFORE})(?:\.{{3,}}|。{{2,}}|…(?!…))|(?<![.…])(?:\.{{3,}}|…)(?={_BEHIND})")),
    _Rule(Fault.DASHES, re.compile(rf"(?<={_BEFORE})(?:-{{2,}}|—)(?={_BEHIND})")),
    # Headlines and signatures are set apart by blanks on purpose.
    _Rule(Fault.HAN_BLANK, re.compile(rf"(?<=[{HAN}])[ \u00a0]+(?=[{HAN}])"), prose=True),
)
_YOU = re.compile("[妳您]")
# Only what has no other meaning that is right.
_WORDING = {
    "電子郵件": "電郵",
    "電子郵箱": "電郵",
    "郵件地址": "電郵地址",
    "隱私": "私隱",
    "鏈接": "連結",
    "視頻": "影片",
    "短信": "短訊",
    "博客": "網誌",
    "部落格": "網誌",
    "網路": "網絡",
    "軟體": "軟件",
    "網際網路": "互聯網",
    "智慧型手機": "智能手機",
}
_WORDS = re.compile("|".join(sorted(map(re.escape, _WORDING), key=len, reverse=True)))


def check(reading: Reading) -> Iterator[Finding]:
    """What is not set as Chinese is; each kind of fault once a text, at its first place."""
    wanted = {term.zh for term in reading.edition.newsletter.terms if term.zh}
    for passage in reading.passages:
        if is_chinese(passage.locale):
            yield from _marks(passage)
            yield from _words(passage, wanted)


def _marks(passage: Passage) -> Iterator[Finding]:
    prose = passage.said.prose
    for rule in _RULES:
        if not rule.meant(passage.locale) or (rule.prose and not passage.is_markdown):
            continue
        if found := rule.wrong.search(prose):
            place = around(prose, *found.span())
            yield passage.finding(rule.fault, words=place, **({"wanted": rule.due(found[0])} if rule.due else {}))


def _words(passage: Passage, wanted: set[str]) -> Iterator[Finding]:
    prose = passage.said.prose
    if found := _YOU.search(prose):
        yield passage.finding(Fault.YOU, words=found[0])
    if passage.locale != ZH:
        return
    for word in dict.fromkeys(each[0] for each in _WORDS.finditer(prose)):
        if not any(word in term for term in wanted):
            yield passage.finding(Fault.WORDING, words=cut(word), wanted=_WORDING[word])
