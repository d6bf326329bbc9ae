"""The language of what arrives."""

import pytest

from mailer.compose.intake.tongue import tongue


@pytest.mark.parametrize(
    ("stated", "tag"),
    [
        ("zh-HK", "zh-Hant-HK"),
        ("zh_TW", "zh-Hant-HK"),
        ("zh", "zh-Hant-HK"),
        ("zh-CN", "zh-Hans-CN"),
        ("en", "en-GB"),
        ("en_US", "en-GB"),
        ("fr-FR", "fr"),
        ("", "zh-Hant-HK"),
        ("!", "zh-Hant-HK"),
    ],
)
def test_a_language_is_named_as_editions_name_it(stated: str, tag: str) -> None:
    assert tongue(stated, "潮水退了 at six") == tag


def test_what_says_nothing_is_told_by_its_text() -> None:
    assert tongue("", "The tide is out in 深水埗") == "en-GB"
