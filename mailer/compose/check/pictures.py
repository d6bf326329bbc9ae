"""Pictures: whether the words in their place say what they show, to those who hear them and to spam filters."""

import re
from collections.abc import Iterator

from mailer.chinese import count, width
from mailer.compose.blocks import data_of
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Passage, Reading, cut
from mailer.compose.data import pictures
from mailer.compose.parsed import line
from mailer.compose.shown import applies

_WORDS = frozenset({"alt", "portrait_alt"})
_WIDEST = 125
"""Columns. Screen readers read such words in one go: listeners can neither pause nor skip."""
_FEWEST = 40
"""Han and words of a mail that shows pictures."""
_FILE = re.compile(
    r"\S{1,200}\.(?:jpe?g|png|gif|webp|heic|tiff?|bmp|svg)|(?:IMG|DSC|DSCN|PXL|MVIMG)[_-]?\d\S*", re.IGNORECASE
)
_PICTURE = re.compile(
    r"(?:an?\s+|the\s+)?(?:image|picture|photo|photograph|graphic)\s+(?:of|showing)\b"
    r"|(?:這是)?(?:一張|一幅)?(?:圖片|圖像|照片|相片|图片|图像)(?:顯示|中|裏|：|:|為)"
    r"|.*的(?:圖片|圖像|照片|相片|图片|图像)[。.]?$",
    re.IGNORECASE,
)


def check(reading: Reading) -> Iterator[Finding]:
    """The words of each picture, and whether a mail has other words, too."""
    for passage in reading.passages:
        if passage.part in _WORDS:
            yield from _words(reading, passage)
    yield from _alone(reading)


def _words(reading: Reading, passage: Passage) -> Iterator[Finding]:
    words = passage.source.strip()
    if _FILE.fullmatch(words):
        yield passage.finding(Fault.ALT_FILE, words=cut(words))
    elif found := _PICTURE.match(words):
        yield passage.finding(Fault.ALT_PICTURE, words=cut(found[0]))
    caption = next((each for each in reading.of(passage.block, passage.locale) if each.part == "caption"), None)
    if caption and line(caption.said.prose).strip(".。").casefold() == line(words).strip(".。").casefold():
        yield passage.finding(Fault.ALT_CAPTION)
    if width(words) > _WIDEST:
        yield passage.finding(Fault.ALT_WIDTH, width=width(words), most=_WIDEST)


def _alone(reading: Reading) -> Iterator[Finding]:
    """Mails of pictures with hardly a word beside them."""
    edition = reading.edition
    for locale in edition.locales:
        shows = any(pictures(data_of(block)) for block in edition.blocks if applies(block, locale))
        said = (each for each in reading.passages if each.locale == locale and each.part not in _WORDS)
        if shows and sum(sum(count(each.said.prose)) for each in said) < _FEWEST:
            yield Finding(Fault.PICTURE_ALONE, "", "", locale)
