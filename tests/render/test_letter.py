"""The plain text of the sample editions: as full as the HTML, in the order of a hand-written letter."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mailer.compose.edition import save
from mailer.compose.folder import read
from mailer.demo import organisation
from mailer.i18n import EN, ZH, modes
from mailer.model import Edition
from mailer.model.base import Base
from mailer.render import letter
from mailer.render.holes import Marks
from mailer.render.layout import parts
from mailer.render.text import RULE
from tests.samples import FOLDERS

BOTH = f"{ZH}+{EN}"


@pytest.fixture(scope="module")
def editions() -> Iterator[dict[str, Edition]]:
    with Session(create_engine("sqlite://")) as session:
        Base.metadata.create_all(session.get_bind())
        newsletter = organisation.found(session).newsletter
        yield {name: save(session, newsletter, read(path), "May") for name, path in FOLDERS.items()}


def written(edition: Edition, mode: str) -> str:
    """The text with its holes as {name}."""
    marks = Marks()
    text = letter.render(edition, parts(edition, mode, marks))
    return re.sub(r"XPH[0-9a-f]+-(.+?)XHP", r"{\1}", text)


def paragraphs(edition: Edition, mode: str) -> list[str]:
    return written(edition, mode).rstrip("\n").split("\n\n")


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("mode", modes([ZH, EN]))
def test_rules_stand_between_pieces_and_no_line_is_idle(editions: dict[str, Edition], name: str, mode: str) -> None:
    said = paragraphs(editions[name], mode)
    assert not [pair for pair in pairwise(said) if pair == (RULE, RULE)]
    assert said[0] != RULE
    assert said[-1] != RULE
    assert all(paragraph.strip() and not re.search(r" \n| $", paragraph) for paragraph in said)


@pytest.mark.parametrize("name", FOLDERS)
def test_every_address_of_the_edition_is_there(editions: dict[str, Edition], name: str) -> None:
    text = written(editions[name], EN)
    addresses = set(re.findall(r"https://[^\"', )]+", repr([block.data for block in editions[name].blocks])))
    assert all(address in text for address in addresses - {"https://blog.tidewater.example/feed.xml"})


def test_two_languages_by_turns_have_a_rule_between_blocks_alone(editions: dict[str, Edition]) -> None:
    said = paragraphs(editions["alert-ferry-steps"], BOTH)
    chinese = next(n for n, each in enumerate(said) if each.startswith("石級讀書會\n"))
    english = next(n for n, each in enumerate(said) if each.startswith("A read-in on the steps\n"))
    assert said[chinese - 1] == RULE
    assert RULE not in said[chinese:english]


def test_what_comes_in_another_language_says_so_below_its_rule(editions: dict[str, Edition]) -> None:
    said = paragraphs(editions["digest-2026-10"], EN)
    notice = said.index("(in Chinese only)")
    assert said[notice - 1] == RULE
    assert said[notice + 1].startswith("廣東話專欄\n落雨的十七種講法\n")


def test_a_card_is_one_item_of_a_list(editions: dict[str, Edition]) -> None:
    card = next(each for each in paragraphs(editions["digest-2026-10"], EN) if each.startswith("* Fish & Chips"))
    lines = card.split("\n")
    assert lines[1] == "  24 October 2026"
    assert lines[2].startswith("  [On the front desk a grey cat sleeps")
    assert lines[-1] == "  https://blog.tidewater.example/a-week-on-duty"


def test_an_article_names_who_wrote_and_translated_it_where_it_comes_from_and_its_terms(
    editions: dict[str, Edition],
) -> None:
    said = paragraphs(editions["article-2026-12"], EN)
    assert "By Imogen Sayle\nTranslated by Yip Hiu-laam (Chinese version)" in said
    assert any(each.startswith("[A typhoon shelter of long ago") for each in said)
    assert said[said.index("Oyster Shell Bay, 9 November 2026") - 1].startswith("Before Oyster Shell Bay had")
    assert "Terms for reprinting: https://quarterly.pierside.example/reprints" in said
    assert any(each.startswith("PS: If a boat in your family") for each in said)


def test_links_of_the_system_are_labelled_and_the_foot_says_who_and_why(editions: dict[str, Edition]) -> None:
    said = paragraphs(editions["monthly-2026-11"], EN)
    assert "More about this event: https://www.tidewater.example/mending" in said
    assert "Continue reading: https://blog.tidewater.example/luk-au-cards" in said
    assert said[-4:] == [
        RULE,
        "Tidewater Reading Room\n7 Embankment Road, Oyster Shell Bay",
        "{since-en-GB}",
        "Unsubscribe: {unsubscribe-en-GB}\nView in your browser: {web}",
    ]
