"""Plain texts, and texts in Markdown, as letters."""

import codecs

import pytest

from mailer.compose.blocks import FRONT
from mailer.compose.edition import build
from mailer.compose.intake.proposal import Proposal
from mailer.compose.intake.text.letter import propose
from mailer.errors import InvalidError
from mailer.i18n import EN, ZH
from mailer.model import Newsletter

LETTER = """石級留住了

各位街坊：

今早六點潮漲，石級整日都是濕的。帶備：
- 手套
- 水

詳見 https://tide.example/steps 。

祝 平安

歐陽詠潮
書記
潮汐書舍
"""
SECTIONS = """The steps stay

We asked, and the harbour board listened to us at last.

Ada Chan
Secretary

On the hill
What the goat left

The goat ate three saplings, and we forgive it.

In the bay

The tide came in at six, as it does.

Yours,
The reading room
"""


def made(text: str, **more: object) -> Proposal:
    return propose(text.encode(), **more)  # type: ignore[arg-type]


def texts(proposal: Proposal, language: str = EN) -> dict[str, dict[str, str]]:
    return {block.key: block.texts[language] for block in proposal.draft.blocks if language in block.texts}


def said(proposal: Proposal) -> str:
    return "\n".join(each.say(str) for each in proposal.odd)


def test_a_letter_in_chinese() -> None:
    found = made(LETTER, name="2026-11-letter")
    assert (found.draft.slug, found.draft.template, found.draft.locales) == ("2026-11-letter", "plain-letter", [ZH])
    assert texts(found, ZH) == {
        FRONT: {"subject": "石級留住了", "title": "石級留住了"},
        "letter": {
            "body": "今早六點潮漲，石級整日都是濕的。帶備：\n\n- 手套\n- 水\n\n"
            "詳見 [https://tide.example/steps](https://tide.example/steps) 。\n\n祝 平安",
            "signature_name": "歐陽詠潮",
            "signature_role": "書記",
            "signature_org": "潮汐書舍",
        },
    }
    edition = build(Newsletter(slug="tideline"), found.draft, "Ada")
    assert [block.key for block in edition.blocks] == [FRONT, "masthead", "letter", "footer"]


def test_a_text_with_headings_has_sections() -> None:
    found = texts(made(SECTIONS))
    assert found["letter"] == {
        "body": "We asked, and the harbour board listened to us at last.",
        "signature_name": "Ada Chan",
        "signature_role": "Secretary",
    }
    assert found["section-1"] == {
        "title": "On the hill",
        "standfirst": "What the goat left",
        "body": "The goat ate three saplings, and we forgive it.",
    }
    assert found["section-2"] == {"title": "In the bay", "body": "The tide came in at six, as it does."}
    assert found["signoff"] == {"closing": "Yours,", "name": "The reading room"}


def test_a_language_that_was_told_is_taken() -> None:
    assert made("Les marches restent là où elles sont.", tag="fr").draft.locales == ["fr"]


def test_a_text_without_a_title_says_so() -> None:
    found = made("The tide came in at six, and the steps were wet.")
    assert FRONT not in texts(found)
    assert "write one" in said(found)


def test_markdown_stands_as_it_was_written() -> None:
    source = (
        "# The steps stay\n\nThe *tide* came **in**.\n\n```\n# no heading\n```\n\n## On the hill\n\n1. Goat\n   - red\n"
    )
    found = made(source, markdown=True)
    assert texts(found) == {
        FRONT: {"subject": "The steps stay", "title": "The steps stay"},
        "letter": {"body": "The *tide* came **in**.\n\n```\n# no heading\n```"},
        "section-1": {"title": "On the hill", "body": "1. Goat\n   - red"},
    }
    assert found.odd == ()


def test_markdown_that_begins_with_text_has_no_title() -> None:
    found = texts(made("The tide.\n\n# On the hill\n\nThe goat.", markdown=True))
    assert found == {"letter": {"body": "The tide."}, "section-1": {"title": "On the hill", "body": "The goat."}}


def test_typing_is_reported_and_never_mended() -> None:
    text = 'The “tide” and the "steps"\u00a0stay where they are, and it\'s our goat’s.'
    found = made(text)
    assert texts(found)["letter"]["body"] == text
    assert "no-break spaces" in said(found)
    assert "quotation marks are mixed" in said(found)


@pytest.mark.parametrize(
    "raw", [LETTER.encode("utf-8-sig"), codecs.BOM_UTF16_LE + LETTER.replace("\n", "\r\n").encode("utf-16-le")]
)
def test_encodings_that_say_what_they_are(raw: bytes) -> None:
    assert texts(propose(raw), ZH) == texts(made(LETTER), ZH)


def test_big5_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidError, match="looks like Big5: save it as UTF-8"):
        propose("我們的石級留住了\n各位街坊".encode("big5hkscs"))


def test_characters_that_nobody_can_read_are_left_out_and_said() -> None:
    found = made("今早六點潮\ue000漲\u202e。")
    assert texts(found, ZH)["letter"]["body"] == "今早六點潮漲。"
    assert "left out of these lines: 今早六點潮漲。" in said(found)


@pytest.mark.parametrize("raw", [b"", b" \n\t\n", b"\xef\xbb\xbf", "\u202e\n".encode(), b"tide " * 60_000])
def test_nothing_and_far_too_much_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidError):
        propose(raw)


def test_a_body_that_fits_no_field_is_refused() -> None:
    with pytest.raises(InvalidError, match="more than an edition holds"):
        made("The tide came in. " * 3000)


@pytest.mark.parametrize("piece", ["電郵地址不會", "[a](", "1. ", "https://", "- ", "*_`", "\n\nshort", "\u00a0", "("])
def test_no_text_takes_long(piece: str) -> None:
    """It would not end within the run."""
    text = "The tide. " + piece * (9_000 // len(piece)) + "\n\n" + piece * 100
    assert made(text).draft.blocks


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            (
                "石級留住了\n\n各位街坊：\n\n我們問過，海事處終於聽了，石級不拆了。\n\n開放時間\n\n"
                "星期六下午二時。\n\n祝好\n\n潮汐書舍\n歐陽詠潮\n"
            ),
            "潮汐書舍，歐陽詠潮",
        ),
        (
            (
                "The steps stay\n\nDear all,\n\nWe asked, and the board listened to us at last.\n\nOpening hours\n\n"
                "Saturdays at two.\n\nYours,\n\nThe room\nAda\n"
            ),
            "The room, Ada",
        ),
    ],
)
def test_who_signs_in_two_lines_signs_in_one_as_the_language_writes_it(text: str, name: str) -> None:
    (signoff,) = (block for block in propose(text.encode()).draft.blocks if block.key == "signoff")
    assert [fields["name"] for fields in signoff.texts.values()] == [name]
