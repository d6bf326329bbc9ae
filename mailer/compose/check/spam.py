"""What spam filters dislike in words: capitals, exclamation marks, the phrases of those who sell and cheat."""

import re
from collections.abc import Iterator

from mailer.chinese import has_han
from mailer.compose.blocks import FRONT
from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Passage, Reading, cut

_INBOX = frozenset({"subject", "preheader"})
_LETTER = re.compile("[A-Za-z]")
_CAPITALS = re.compile("[A-Z]{2,}")
_FEWEST_LETTERS = 8
_EXCLAMATIONS = re.compile("[!！]")
_ROW = re.compile("[!！]{3,}")
# In what an inbox shows.
_PHRASES = re.compile(
    r"\b(?:act now|buy now|order now|limited[- ]time|special promotion|once in a lifetime|last chance|100% free"
    r"|risk[- ]free|free (?:gift|money|trial)|no obligation|make money|earn extra|extra (?:cash|income)|cash bonus"
    r"|double your|you (?:have|’ve|'ve) (?:won|been selected)|winners?|congratulations|guaranteed?|lowest price"
    r"|this is not spam|viagra|casino|lottery)\b"
    "|免費領取|免費贈送|免費試用|立即(?:購買|搶購|訂購|領取)|限時(?:優惠|搶購|特價)|獨家優惠|最後機會|恭喜(?:你|您|閣下)|中獎"
    "|賺錢|零風險|保證(?:收益|回報|賺)|現金回贈|無需抵押|低息貸款|代開發票|賭場|六合彩",
    re.IGNORECASE,
)
# As the whole of a link's words they say nothing to those who hear links alone, either.
_CLICK = re.compile(r"click (?:here|below|now)|(?:請)?(?:點擊|按|點)(?:此處|這裏|這裡|此|這兒)", re.IGNORECASE)


def check(reading: Reading) -> Iterator[Finding]:
    """Words and marks that put a mail beside what nobody asked for."""
    for passage in reading.passages:
        if passage.block.type == FRONT and passage.name in _INBOX:
            yield from _inbox(passage)
        elif found := _ROW.search(passage.said.prose):
            yield passage.finding(Fault.EXCLAMATIONS, count=len(found[0]))
        for link in passage.said.links:
            if _CLICK.fullmatch(link.words.strip()):
                yield passage.finding(Fault.PHRASE, words=cut(link.words))


def _inbox(passage: Passage) -> Iterator[Finding]:
    line = passage.source
    letters = _LETTER.findall(line)
    # Chinese names whom English abbreviates.
    shouts = len(letters) >= _FEWEST_LETTERS and len(_CAPITALS.findall(line)) > 1 and not has_han(line)
    if passage.name == "subject" and shouts and line.upper() == line:
        yield passage.finding(Fault.CAPITALS)
    if (marks := len(_EXCLAMATIONS.findall(line))) > 1:
        yield passage.finding(Fault.EXCLAMATIONS, count=marks)
    for phrase in dict.fromkeys(found[0] for found in _PHRASES.finditer(line)):
        yield passage.finding(Fault.PHRASE, words=phrase)
