"""Row "reading time" of the design's chapter "Greeting, reading time, width", as readers see it."""

import pytest

from mailer.errors import InvalidError
from mailer.i18n import EN, ZH
from mailer.render.holes import Marks
from mailer.render.layout import parts
from tests.compose.conftest import SUBJECTS, Make, block


@pytest.mark.parametrize(
    ("body", "chinese", "english"),
    [
        ("潮" * 600, "閱讀時間：約2分鐘", "2 mins read"),
        ("潮" * 800 + " word" * 476, "閱讀時間：約4分鐘", "4 mins read"),
        ("潮", "閱讀時間：約1分鐘", "1 min read"),
        ("潮" * 599 + "\n\n[](https://x.example/" + "a/" * 300 + ")", "閱讀時間：約1分鐘", "1 min read"),
    ],
)
def test_it_is_counted_from_all_the_words_of_a_part(make: Make, body: str, chinese: str, english: str) -> None:
    edition = make(block("share", "share", {ZH: {"body": body}, EN: {"body": body}}))
    assert [part.reading_time for part in parts(edition, f"{ZH}+{EN}", Marks())] == [chinese, english]


def test_an_author_may_say_it_for_one_language(make: Make) -> None:
    front = {ZH: SUBJECTS[ZH] | {"reading_time": "7"}, EN: SUBJECTS[EN]}
    edition = make(block("share", "share", {ZH: {"body": "潮"}, EN: {"body": "tide"}}), front=front)
    assert [part.reading_time for part in parts(edition, f"{ZH}+{EN}", Marks())] == [
        "閱讀時間：約7分鐘",
        "1 min read",
    ]


def test_a_newsletter_may_know_how_fast_its_readers_read(make: Make) -> None:
    edition = make(block("share", "share", {ZH: {"body": "潮" * 600}, EN: {"body": "tide " * 600}}))
    edition.newsletter.han_per_minute, edition.newsletter.words_per_minute = 200, 60
    assert [part.reading_time for part in parts(edition, f"{ZH}+{EN}", Marks())] == [
        "閱讀時間：約3分鐘",
        "10 mins read",
    ]
    for slow_or_fast in (0, 49, 2001):
        with pytest.raises(InvalidError, match="from 50 to 2000"):
            edition.newsletter.words_per_minute = slow_or_fast
