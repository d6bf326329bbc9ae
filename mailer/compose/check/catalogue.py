"""Every check there is: how grave what it finds is, in one line, and what it says to the people who make an edition.

The one list that checks, pages and docs/editions.md share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailer.compose.check import sentences
from mailer.i18n import N_


class Severity(StrEnum):
    """Whether it keeps an edition from being approved."""

    ERROR = "error"
    WARNING = "warning"


class Fault(StrEnum):
    """What is wrong."""

    UNWRITTEN = "unwritten"
    MISSING = "missing"
    OUTDATED = "outdated"
    DRAFT = "draft"
    MACHINE = "machine"
    UNREVIEWED = "unreviewed"
    ALONE = "alone"
    BORROWED = "borrowed"
    OMITTED = "omitted"
    FORBIDDEN = "forbidden"
    LOST = "lost"
    UNCONVERTED = "unconverted"
    NUMBERS = "numbers"
    DATES = "dates"
    TIMES = "times"
    NAMES = "names"
    HASHTAGS = "hashtags"
    LACKING_LINK = "lacking_link"
    DEAD_LINK = "dead_link"
    TYPED_LINK = "typed_link"
    INSECURE_LINK = "insecure_link"
    PERSONAL_LINK = "personal_link"
    TRACKING_LINK = "tracking_link"
    SHORTENED_LINK = "shortened_link"
    MISLEADING_LINK = "misleading_link"
    UNREACHABLE = "unreachable"
    ALT_FILE = "alt_file"
    ALT_PICTURE = "alt_picture"
    ALT_CAPTION = "alt_caption"
    ALT_WIDTH = "alt_width"
    HEADING_TOP = "heading_top"
    HEADING_SKIP = "heading_skip"
    HEADING_BOLD = "heading_bold"
    HALF_WIDTH = "half_width"
    STRAIGHT_QUOTES = "straight_quotes"
    CURLY_QUOTES = "curly_quotes"
    ROUND_ZERO = "round_zero"
    DOTS = "dots"
    DASHES = "dashes"
    HAN_BLANK = "han_blank"
    YOU = "you"
    WORDING = "wording"
    MIXED_SCRIPT = "mixed_script"
    SUBJECT_WIDTH = "subject_width"
    PREHEADER_WIDTH = "preheader_width"
    CAPITALS = "capitals"
    EXCLAMATIONS = "exclamations"
    PHRASE = "phrase"
    PICTURE_ALONE = "picture_alone"
    HIDDEN = "hidden"
    LONG = "long"
    TOO_LONG = "too_long"
    HEAVY = "heavy"
    TOO_HEAVY = "too_heavy"
    FOREIGN_HOST = "foreign_host"


@dataclass(frozen=True, slots=True)
class Check:
    """What one check looks for, in one line of Markdown, and what it says; both are ids of the catalogues.

    ``acknowledgeable``: a named person may let it pass, since it is a judgement.
    """

    what: str
    sentence: str
    severity: Severity = Severity.WARNING
    acknowledgeable: bool = True


def _never(what: str, sentence: str) -> Check:
    return Check(what, sentence, Severity.ERROR, acknowledgeable=False)


def _judged(what: str, sentence: str) -> Check:
    return Check(what, sentence, Severity.ERROR)


CHECKS: Mapping[Fault, Check] = {
    Fault.UNWRITTEN: _never(N_("a block without any text in a language"), sentences.UNWRITTEN),
    Fault.MISSING: _never(N_("a field that a block must have, or that another language has"), sentences.MISSING),
    Fault.OUTDATED: _judged(N_("a translation whose source has changed since"), sentences.OUTDATED),
    Fault.DRAFT: _never(N_("a text that is still marked as a draft"), sentences.DRAFT),
    Fault.MACHINE: Check(N_("a translation by a machine that nobody has read through"), sentences.MACHINE),
    Fault.UNREVIEWED: Check(N_("a translation that nobody has reviewed"), sentences.UNREVIEWED),
    Fault.ALONE: Check(
        N_("a figure’s unit or qualifier, a sender or a translator that only some languages name"), sentences.ALONE
    ),
    Fault.BORROWED: Check(N_("a block that comes in another language, with a notice"), sentences.BORROWED),
    Fault.OMITTED: Check(N_("a block that the readers of a language do not get"), sentences.OMITTED),
    Fault.FORBIDDEN: Check(N_("a form that the glossary forbids"), sentences.FORBIDDEN),
    Fault.LOST: Check(N_("a term of the glossary that the translation lacks"), sentences.LOST),
    Fault.UNCONVERTED: Check(N_("characters that conversion to Simplified Chinese keeps"), sentences.UNCONVERTED),
    Fault.NUMBERS: Check(N_("numbers and sums that differ between Chinese and English, by value"), sentences.NUMBERS),
    Fault.DATES: Check(N_("dates that differ between Chinese and English"), sentences.DATES),
    Fault.TIMES: Check(N_("times of day that differ between Chinese and English"), sentences.TIMES),
    Fault.NAMES: Check(N_("a name in Latin letters that the English text spells otherwise"), sentences.NAMES),
    Fault.HASHTAGS: Check(N_("hashtags in one language, and none in the other"), sentences.HASHTAGS),
    Fault.LACKING_LINK: Check(N_("a link that one language has and the other lacks"), sentences.LACKING_LINK),
    Fault.DEAD_LINK: _never(
        N_("a link that leads nowhere: empty, `#`, without a host, not https, http or mailto"), sentences.DEAD_LINK
    ),
    Fault.TYPED_LINK: _judged(
        N_("a link whose Markdown is broken, or written by reference: its brackets would be mailed"),
        sentences.TYPED_LINK,
    ),
    Fault.INSECURE_LINK: Check(N_("a link with http:// where https:// is due"), sentences.INSECURE_LINK),
    Fault.PERSONAL_LINK: _judged(
        N_("somebody’s email address, telephone number, name or token in a link"), sentences.PERSONAL_LINK
    ),
    Fault.TRACKING_LINK: Check(
        N_("a link that tells where a reader came from: `utm_source` and its like"), sentences.TRACKING_LINK
    ),
    Fault.SHORTENED_LINK: Check(N_("a shortened link, which hides where it leads"), sentences.SHORTENED_LINK),
    Fault.MISLEADING_LINK: Check(N_("a link whose words show another host than its own"), sentences.MISLEADING_LINK),
    Fault.UNREACHABLE: Check(
        N_("a link that did not answer; looked at only when asked for"), sentences.UNREACHABLE, acknowledgeable=False
    ),
    Fault.ALT_FILE: _judged(N_("the name of a file in place of a picture’s words"), sentences.ALT_FILE),
    Fault.ALT_PICTURE: Check(N_("“image of” in a picture’s words"), sentences.ALT_PICTURE),
    Fault.ALT_CAPTION: Check(N_("a picture’s words that only repeat its caption"), sentences.ALT_CAPTION),
    Fault.ALT_WIDTH: Check(N_("a picture’s words of more than 125 columns"), sentences.ALT_WIDTH),
    Fault.HEADING_TOP: Check(N_("a heading of the first level inside a text"), sentences.HEADING_TOP),
    Fault.HEADING_SKIP: Check(N_("a heading that skips a level"), sentences.HEADING_SKIP),
    Fault.HEADING_BOLD: Check(N_("a bold line that poses as a heading"), sentences.HEADING_BOLD),
    Fault.HALF_WIDTH: Check(N_("half-width `, : ; ! ? ( )` between Chinese characters"), sentences.HALF_WIDTH),
    Fault.STRAIGHT_QUOTES: Check(N_("straight quotation marks beside Chinese characters"), sentences.STRAIGHT_QUOTES),
    Fault.CURLY_QUOTES: Check(N_("“ ” ‘ ’ in Traditional Chinese, where 「 」『 』 are due"), sentences.CURLY_QUOTES),
    Fault.ROUND_ZERO: Check(N_("○ in a Chinese number, where 〇 is due"), sentences.ROUND_ZERO),
    Fault.DOTS: Check(N_("`...`, 。。。 or a single … in Chinese, where …… is due"), sentences.DOTS),
    Fault.DASHES: Check(N_("`--` or a single — between Chinese characters, where —— is due"), sentences.DASHES),
    Fault.HAN_BLANK: Check(N_("a blank between two Chinese characters"), sentences.HAN_BLANK),
    Fault.YOU: Check(N_("妳 or 您, where 你 is due"), sentences.YOU),
    Fault.WORDING: Check(N_("words that Hong Kong has others for: 電子郵件, 隱私, 鏈接"), sentences.WORDING),
    Fault.MIXED_SCRIPT: Check(
        N_("Simplified characters in a Traditional text, or Traditional ones in a Simplified text"),
        sentences.MIXED_SCRIPT,
    ),
    Fault.SUBJECT_WIDTH: Check(N_("a subject wider than 40 columns, or two together than 60"), sentences.SUBJECT_WIDTH),
    Fault.PREHEADER_WIDTH: Check(N_("a preheader that is not 70 to 100 columns wide"), sentences.PREHEADER_WIDTH),
    Fault.CAPITALS: Check(N_("a subject in capitals"), sentences.CAPITALS),
    Fault.EXCLAMATIONS: Check(
        N_("two exclamation marks in a subject or preheader, three in a row elsewhere"), sentences.EXCLAMATIONS
    ),
    Fault.PHRASE: Check(N_("words that spam filters dislike, in what an inbox shows or a link says"), sentences.PHRASE),
    Fault.PICTURE_ALONE: Check(N_("a mail of pictures with hardly a word"), sentences.PICTURE_ALONE),
    Fault.HIDDEN: Check(N_("invisible characters in a text"), sentences.HIDDEN),
    Fault.LONG: Check(N_("the HTML of a variant longer than 70 KB"), sentences.LONG),
    Fault.TOO_LONG: _never(N_("the HTML of a variant longer than 95 KB"), sentences.TOO_LONG),
    Fault.HEAVY: Check(N_("a whole mail of more than 500 KB"), sentences.HEAVY),
    Fault.TOO_HEAVY: _never(N_("a whole mail of more than 1000 KB"), sentences.TOO_HEAVY),
    Fault.FOREIGN_HOST: _never(N_("what would call another host when the mail is opened"), sentences.FOREIGN_HOST),
}
"""In the order in which they are documented."""
