"""Findings of the smallest editions and mails: each function makes one about a single thing, to be looked at later."""

from collections.abc import Callable, Mapping
from typing import Any

from mailer.compose.check import Finding, findings, linked
from mailer.compose.draft import DraftBlock, Progress
from mailer.i18n import EN, ZH
from mailer.model import Edition, Term
from mailer.model.edition import TextStatus
from mailer.render.frozen import Frozen
from mailer.render.holes import Form
from mailer.render.inspect import inspect
from mailer.render.weight import Weight
from tests.compose.conftest import SUBJECTS, block, made

Found = Callable[[], list[Finding]]

HANS = "zh-Hans-CN"
TIDE_ZH, TIDE_EN = "潮水退了，書還在。", "The water left; the books stayed."


def _in(edition: Edition) -> Found:
    return lambda: findings(edition)


def blocks(*of: DraftBlock, **more: Any) -> Found:
    """An edition of these blocks."""
    return _in(made(*of, **more))


def zh(body: str, english: str = TIDE_EN, **more: Any) -> Found:
    """A Chinese text, and the English beside it."""
    return blocks(block("letter", "letter", {ZH: {"body": body}, EN: {"body": english}}), **more)


def en(body: str) -> Found:
    """An English text."""
    return zh(TIDE_ZH, body)


def hans(body: str) -> Found:
    """A text in Simplified Chinese that somebody wrote."""
    front = {HANS: {"subject": "潮水", "preheader": "书舍修好了" * 8, "title": "潮"}, EN: SUBJECTS[EN]}
    letter = block("letter", "letter", {HANS: {"body": body}, EN: {"body": TIDE_EN}})
    return blocks(letter, front=front, locales=[HANS, EN], source_locale=HANS)


def subject(line: str, tag: str = EN, field: str = "subject") -> Found:
    """A line of what an inbox shows."""
    return blocks(front=SUBJECTS | {tag: SUBJECTS[tag] | {field: line}})


def alt(words: str, caption: str = "On the ferry steps.", more: str = TIDE_EN * 10) -> Found:
    """The words of a picture, in an edition that has others."""
    texts = {ZH: {"alt": "一隻貓", "caption": "渡頭石級上。"}, EN: {"alt": words, "caption": caption}}
    picture = block("cat", "image", texts, {"image": "cat.png"})
    return blocks(picture, block("letter", "letter", {ZH: {"body": TIDE_ZH * 9}, EN: {"body": more}}))


def status(stands: TextStatus, **more: Any) -> Found:
    """A translation that has come so far."""
    read = {EN: {"front": Progress(status=TextStatus.REVIEWED), "letter": Progress(status=stands, **more)}}
    return zh(TIDE_ZH, progress=read)


def lacking(**more: Any) -> Found:
    """A picture that English has and Chinese lacks."""
    picture = block("cat", "image", {EN: {"alt": "A cat"}}, {"image": "cat.png"}, **more)
    return blocks(block("letter", "letter", {ZH: {"body": TIDE_ZH * 9}, EN: {"body": TIDE_EN * 10}}), picture)


def figure(chinese: Mapping[str, str]) -> Found:
    """A figure with a unit in English."""
    texts = {ZH: {"trees": "樹苗", **chinese}, EN: {"trees": "of seedlings", "trees.unit": "tonnes"}}
    return blocks(block("stats", "stats", texts, {"figures": [{"id": "trees", "value": 3}]}))


def page(html: str) -> Found:
    """A mail with this in its HTML."""
    none = Form(("",), ())
    frozen = Frozen(EN, "Tide", "Ada", Form((html,), ()), none, none, (), hosted=False, calendar=None)
    return lambda: inspect(frozen, Weight(EN, 1, 1))


def weighs(html: int, message: int) -> Found:
    """A variant of so many octets."""
    return lambda: Weight(EN, html, message).findings()


def reached(*, answers: bool) -> Found:
    """A link to a page that answers, or does not."""
    letter = block("letter", "letter", {ZH: {"body": TIDE_ZH}, EN: {"body": "[Read](https://a.example/x)"}})
    return lambda: [] if answers else [finding for _, finding in linked(made(letter))]


def event(chinese: str, english: str) -> Found:
    """The words of an event, whose own time is neither's to say."""
    data = {"start": "2026-11-07 19:00", "end": "2026-11-07 21:00", "tz": "Asia/Hong_Kong"}
    text = {tag: {"title": "Tide", "place": "Pier", "body": body} for tag, body in ((ZH, chinese), (EN, english))}
    return blocks(block("tale", "event", text, data))


KITES = Term(en="Kite Island", zh="紙鳶洲", forbidden=["紙鷂洲"], hans=None)
