"""Addresses of posts: what follows readers about is dropped, and the same post is known again."""

import pytest

from mailer.compose.intake.feed.permalink import clean, key, neutral, slug


def test_tracking_is_dropped_and_all_else_stays() -> None:
    followed = "https://tide.example/steps?utm_source=rss&page=2&fbclid=abc&UTM_Medium=feed#top"
    assert clean(followed) == "https://tide.example/steps?page=2#top"
    assert clean("https://tide.example/steps?utmost=1") == "https://tide.example/steps?utmost=1"


@pytest.mark.parametrize(
    "other",
    [
        "http://tide.example/steps?page=2",
        "https://TIDE.example:443/steps/?page=2",
        "https://tide.example/steps?page=2#comments",
        "https://tide.example/steps?utm_campaign=x&page=2",
    ],
)
def test_one_page_has_one_key(other: str) -> None:
    assert key(other) == key("https://tide.example/steps?page=2")


def test_other_pages_have_other_keys() -> None:
    urls = ["https://tide.example/steps", "https://tide.example/steps?page=2", "https://tide.example/Steps"]
    assert len({*map(key, urls), key("https://other.example/steps")}) == 4


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("https://tide.example/zh/steps", "https://tide.example/en/steps"),
        ("https://tide.example/zh-hant/steps/", "https://tide.example/steps"),
        ("https://tide.example/blog/zh_HK/steps", "https://tide.example/blog/en_GB/steps"),
        ("https://tide.example/tc/steps", "https://tide.example/en/steps"),
        ("https://zh.tide.example/steps", "https://en.tide.example/steps"),
        ("https://tide.example/?p=7&lang=zh", "https://tide.example/?p=7"),
        ("https://tide.example/steps?lang=zh-hant", "https://tide.example/steps?lang=en"),
    ],
)
def test_addresses_that_differ_in_their_language_alone_are_neutral(chinese: str, english: str) -> None:
    languages = ["zh-Hant-HK", "en-GB"]
    assert key(chinese) != key(english)
    assert neutral(chinese, languages) == neutral(english, languages)


def test_a_folder_that_names_none_of_the_languages_stays() -> None:
    assert neutral("https://tide.example/it/steps", ["en-GB"]) == "tide.example/it/steps"
    assert neutral("https://tide.example/it/steps", ["en-GB", "it"]) == "tide.example/steps"
    assert neutral("https://tide.example/energy/steps", ["en-GB"]) == "tide.example/energy/steps"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://tide.example/2026/11/The_Steps-stay/", "the-steps-stay"),
        ("https://tide.example/steps.html", "steps"),
        ("https://tide.example/?p=123", "p-123"),
        ("https://tide.example/%E7%9F%B3", ""),
        ("https://tide.example/石級", ""),
        ("https://tide.example/", ""),
    ],
)
def test_a_post_is_called_as_its_address_calls_it(url: str, said: str) -> None:
    assert slug(url) == said
