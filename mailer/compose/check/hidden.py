"""Characters that nobody sees: they come along when a text is pasted, and spam hides its words with them."""

import re
from collections.abc import Iterator
from itertools import islice

from mailer.compose.check.catalogue import Fault
from mailer.compose.check.finding import Finding
from mailer.compose.check.reading import Reading, around

# Not the joiners (U+200C, U+200D): emoji and several scripts are written with them.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u2060-\u2064\u3164\ufeff\uffa0\U000e0001-\U000e007f]"
)
# Tags that make a flag of an emoji, as of Scotland or Wales (Unicode Technical Standard 51, annex C).
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")
_SHOWN = 3


def check(reading: Reading) -> Iterator[Finding]:
    """Texts with invisible characters."""
    for passage in reading.passages:
        text = _FLAG.sub("", passage.source)
        if found := _INVISIBLE.search(text):
            codes = dict.fromkeys(f"U+{ord(each[0]):04X}" for each in _INVISIBLE.finditer(text))
            beside = _INVISIBLE.sub("", around(text, *found.span()))
            yield passage.finding(Fault.HIDDEN, codes=", ".join(islice(codes, _SHOWN)), words=beside)
