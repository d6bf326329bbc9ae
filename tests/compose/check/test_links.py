"""Links are asked for only where somebody wants it, and say nothing of anybody."""

import pytest

from mailer.compose.check import Fault, findings, linked
from mailer.compose.check.address import shown
from mailer.i18n import EN, ZH
from tests.compose.conftest import Make, block


def test_each_page_is_asked_for_and_no_mailbox(make: Make) -> None:
    english = "[A](https://a.example/x?q=1), [again](https://a.example/x?q=1), [write](mailto:ada@a.example), [no](#)."
    letter = block("letter", "letter", {ZH: {"body": "[甲](https://a.example/x?q=1)"}, EN: {"body": english}})
    action = block(
        "act", "action", {tag: {"title": "a", "button": "b"} for tag in (ZH, EN)}, {"url": "https://b.example/act"}
    )
    found = linked(make(letter, action))
    assert {url for url, _ in found} == {"https://a.example/x?q=1", "https://b.example/act"}
    assert {(each.block, each.locale) for url, each in found if "a.example" in url} == {("letter", ZH), ("letter", EN)}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mailto:ada@a.example?subject=x", "mailto:…"),
        ("https://a.example/x?token=secret#me", "https://a.example/x"),
        ("https://ada:pw@a.example/x", "https://a.example/x"),
        ("https://a.example/ada@b.example/x", "https://a.example/…/x"),
        ("#", "#"),
        ("https://a.example/" + "x" * 200, "https://a.example/" + "x" * 62),
    ],
)
def test_an_address_is_said_without_what_it_may_give_away(url: str, said: str) -> None:
    assert shown(url) == said


def test_no_sentence_holds_what_a_link_gives_away(make: Make) -> None:
    english = "[A](https://ada:pw@a.example/?email=ada@b.example&token=secret), [b](mailto:ada@b), [c][ada@b.example]"
    found = findings(make(block("letter", "letter", {ZH: {"body": "甲。"}, EN: {"body": english}})))
    assert {Fault.PERSONAL_LINK, Fault.DEAD_LINK, Fault.TYPED_LINK} <= {each.fault for each in found}
    for each in found:
        assert not any(secret in each.say(str) for secret in ("ada", "pw", "secret"))


def test_links_of_a_block_s_data_are_looked_at_too(make: Make) -> None:
    texts = {tag: {"a.title": "甲", "b.title": "乙"} for tag in (ZH, EN)}
    cards = [{"id": "a", "url": "http://a.example/"}, {"id": "b", "url": "https://b.example/?utm_source=x"}]
    social = {"links": [{"name": "Pier", "url": "https://bit.ly/x"}]}
    found = findings(make(block("d", "digest", texts, {"cards": cards}), block("s", "social", {}, social)))
    assert [(each.block, each.fault) for each in found] == [
        ("d", Fault.INSECURE_LINK),
        ("d", Fault.TRACKING_LINK),
        ("s", Fault.SHORTENED_LINK),
    ]
