"""Which short lines of a plain text are what."""

import pytest

from mailer.compose.intake.notes import Notes
from mailer.compose.intake.text.outline import Outline, outline

PROSE = "The tide came in at six this morning, and the steps were wet all day."
CHINESE = "今早六點潮漲，石級整日都是濕的。"


def read(*paragraphs: str) -> tuple[Outline, str]:
    """Its parts, and what was said of them."""
    notes = Notes()
    found = outline("\n\n".join(paragraphs), notes)
    return found, "\n".join(each.say(str) for each in notes.oddities())


def texts(found: Outline) -> list[str]:
    return ["\n".join(paragraph) for paragraph in found.letter.paragraphs]


def test_a_short_first_line_is_the_title() -> None:
    found, said = read("石級留住了", CHINESE)
    assert (found.title, texts(found)) == ("石級留住了", [CHINESE])
    assert "taken for the title: 石級留住了" in said


def test_a_sentence_is_no_title() -> None:
    found, said = read(PROSE, PROSE)
    assert (found.title, texts(found), said) == ("", [PROSE, PROSE], "")
    assert read("The steps stay.", PROSE)[0].title == ""


def test_a_text_of_one_line_is_a_text() -> None:
    found, _ = read("The steps stay")
    assert (found.title, texts(found)) == ("", ["The steps stay"])


def test_a_second_line_is_the_headline_of_the_letter() -> None:
    found, said = read("2026 by the sea", "The goat is forgiven", PROSE)
    assert (found.title, found.headline) == ("2026 by the sea", "The goat is forgiven")
    assert "headline" in said


@pytest.mark.parametrize("greeting", ["Dear neighbours,", "Hello all", "親愛的街坊：", "各位街坊，", "大家好！"])
def test_a_greeting_is_no_title_and_no_heading(greeting: str) -> None:
    found, said = read(greeting, PROSE)
    assert (found.title, texts(found)) == ("", [PROSE])
    assert f"greeted by name: {greeting}" in said
    assert texts(read("The steps", greeting, PROSE)[0]) == [PROSE]


@pytest.mark.parametrize(
    ("end", "closing", "names"),
    [
        ("Yours,\nAda Chan\nSecretary", "Yours,", ["Ada Chan", "Secretary"]),
        ("With love\n\nAda", "With love", ["Ada"]),
        ("此致\n敬禮\n\n歐陽詠潮", "此致 敬禮", ["歐陽詠潮"]),
        ("祝 平安\n\n歐陽詠潮\n潮汐書舍", "祝 平安", ["歐陽詠潮", "潮汐書舍"]),
        ("歐陽詠潮\n謹啟", "", ["歐陽詠潮", "謹啟"]),
    ],
)
def test_what_closes_a_letter_is_told_from_its_text(end: str, closing: str, names: list[str]) -> None:
    found, said = read(PROSE, end)
    assert (found.closing, found.names, texts(found)) == (closing, names, [PROSE])
    assert "taken for a signature" in said
    assert ("words that close" in said) == bool(closing)


def test_a_day_below_a_signature_stays_in_the_text() -> None:
    found, _ = read(CHINESE, "歐陽詠潮\n2026年11月3日")
    assert (found.names, texts(found)) == (["歐陽詠潮"], [CHINESE, "2026年11月3日"])


def test_many_short_lines_at_the_end_are_no_signature() -> None:
    poem = "The steps\nthe sea\nthe goat\nand me"
    found, said = read(PROSE, poem)
    assert (found.names, texts(found)) == ((), [PROSE, poem])
    assert "may be headings or signatures" in said


def test_short_lines_between_the_text_are_headings() -> None:
    found, said = read("Title", PROSE, "On the hill\nWhat the goat left of it", PROSE, "In the bay", PROSE)
    assert [(each.title, each.standfirst, len(each.paragraphs)) for each in found.sections] == [
        ("On the hill", "What the goat left of it", 1),
        ("In the bay", "", 1),
    ]
    assert "taken for headings: On the hill / In the bay" in said


@pytest.mark.parametrize("line", ["See you soon!", "Ada, Bo and the goat,", "帶備：", "- Gloves"])
def test_what_is_no_heading_stays_in_the_text(line: str) -> None:
    found, _ = read(PROSE, line, PROSE)
    assert found.sections == []
    assert texts(found) == [PROSE, line, PROSE]


def test_who_signs_the_letter_in_front_of_the_sections() -> None:
    found, _ = read("Title", PROSE, "Ada Chan", "Secretary,", "Tidewater", "On the hill", PROSE, "Yours,\nBo")
    assert found.signature == ["Ada Chan", "Secretary,", "Tidewater"]
    assert [each.title for each in found.sections] == ["On the hill"]
    assert (found.closing, found.names) == ("Yours,", ["Bo"])


def test_what_belongs_to_a_web_page_is_left_out_and_said() -> None:
    found, said = read("Title", "3 mins read", PROSE, "Leave a Reply", "Your email address will not be published.")
    assert texts(found) == [PROSE]
    assert "left out: 3 mins read" in said
    assert "Leave a Reply" in said
    found, _ = read("石級留住了", "閱讀時間：約 5 分鐘", CHINESE, "發佈留言", "你的電郵地址不會被公開。")
    assert (found.title, texts(found)) == ("石級留住了", [CHINESE])


def test_the_same_words_inside_a_text_stay() -> None:
    found, _ = read("Leave a reply", *[PROSE] * 12)
    assert found.title == "Leave a reply"
    assert len(read(PROSE, "Share this", *[PROSE] * 12)[0].sections[0].paragraphs) == 12
