"""What the templates promise of every mail: sizes that follow the theme, the logo, calendar leaves, placards."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import html as parser
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mailer.compose.blocks import TYPES
from mailer.compose.edition import save
from mailer.compose.folder import read
from mailer.demo import organisation
from mailer.i18n import AUTOMATIC, EN, HANS, ZH, translator
from mailer.model import Edition
from mailer.model.base import Base
from mailer.render import html
from mailer.render.holes import Marks
from mailer.render.layout import CONVERTED, parts
from mailer.resources import folder
from tests.samples import FOLDERS

BOTH = f"{ZH}+{EN}"
Page = Any  # lxml's own types are too wide to be of use


@pytest.fixture(scope="module")
def editions() -> Iterator[dict[str, Edition]]:
    with Session(create_engine("sqlite://")) as session:
        Base.metadata.create_all(session.get_bind())
        newsletter = organisation.found(session).newsletter
        drafts = {name: read(path) for name, path in FOLDERS.items()}
        yield {name: save(session, newsletter, draft, "May") for name, draft in drafts.items()}


def page(edition: Edition, mode: str) -> Page:
    return parser.document_fromstring(html.render(edition, parts(edition, mode, Marks())).mail)


def sizes(document: Page) -> set[int]:
    source = parser.tostring(document.body, encoding="unicode")
    return {int(size) for size in re.findall(r"font-size:(\d+)px", source)} - {0, 1}


def test_every_size_follows_the_theme_and_none_is_below_13_pixels(editions: dict[str, Edition]) -> None:
    for path in sorted((folder("templates") / "email").rglob("*.mjml")):
        written = re.findall(r"font-size(?::\s*|=\")(?!1px)\d", path.read_text(encoding="utf-8"))
        assert not written, path.name
    edition = editions["monthly-2026-11"]
    normal = sizes(page(edition, ZH))
    edition.newsletter.theme = {"text_size": "large"}
    try:
        large = sizes(page(edition, ZH))
    finally:
        edition.newsletter.theme = {}
    assert min(normal) == 13
    assert (16 in normal, 18 in large, 16 in large) == (True, True, True)
    assert large == {max(13, round(size * 1.125)) for size in normal}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_logo_opens_the_mail_once_and_is_named_as_the_newsletter(editions: dict[str, Edition], name: str) -> None:
    first, *others = page(editions[name], BOTH).xpath("//img")
    assert first.get("src") == f"image:{editions[name].newsletter.logo}"
    assert first.get("alt") == "《潮信》"
    assert first.get("src") not in [each.get("src") for each in others]


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("mode", [ZH, EN, BOTH])
def test_each_link_of_a_table_of_contents_arrives(editions: dict[str, Edition], name: str, mode: str) -> None:
    document = page(editions[name], mode)
    wanted = {str(href)[1:] for href in document.xpath("//a[starts-with(@href, '#')]/@href")}
    assert wanted <= set(map(str, document.xpath("//@id")))
    assert len(document.xpath("//@id")) == len(set(document.xpath("//@id")))
    assert name != "wrap-up-2026" or len(wanted) >= 5


@pytest.mark.parametrize("mode", [EN, ZH])
def test_an_event_has_its_day_large_beside_it_for_the_eye_alone(editions: dict[str, Edition], mode: str) -> None:
    leaves = page(editions["monthly-2026-11"], mode).xpath("//table[@aria-hidden='true']")
    wanted = {EN: ["Nov7Saturday", "Nov14Saturday"], ZH: ["11月7星期六", "11月14星期六"]}
    assert ["".join(leaf.text_content().split()) for leaf in leaves] == wanted[mode]


def test_slogans_are_placards_and_prose_is_a_quotation(editions: dict[str, Edition]) -> None:
    placards = "//span[contains(@class, 'edge')]"
    slogans = [each.text_content() for each in page(editions["alert-ferry-steps"], EN).xpath(placards)]
    assert slogans[0] == "Not one step fewer!"
    assert slogans[-1] == "27 > 0"
    assert len(slogans) == 4
    assert not page(editions["monthly-2026-11"], EN).xpath(placards)


def test_a_second_language_by_turns_has_no_head_of_its_own(editions: dict[str, Edition]) -> None:
    document = page(editions["alert-ferry-steps"], BOTH)
    assert len(document.xpath("//h1")) == 1
    assert len(document.xpath("//div[contains(concat(' ', @class, ' '), ' band ')]")) == 1


def test_a_plain_letter_has_no_coloured_head(editions: dict[str, Edition]) -> None:
    assert not page(editions["letter-2026-08"], EN).xpath("//div[contains(concat(' ', @class, ' '), ' band ')]")


def test_simplified_chinese_has_its_own_fonts_and_says_that_nobody_wrote_it(editions: dict[str, Edition]) -> None:
    document = page(editions["wrap-up-2026"], AUTOMATIC)
    assert translator(HANS)(CONVERTED) in document.text_content()
    source = parser.tostring(document.body, encoding="unicode")
    assert "PingFang SC" in source
    assert document.get("lang") == AUTOMATIC


def test_what_stands_for_a_picture_has_the_language_of_its_block(editions: dict[str, Edition]) -> None:
    for picture in page(editions["digest-2026-10"], f"{EN}+{ZH}").xpath("//img")[1:]:
        (language,) = picture.xpath("ancestor::*[@lang][1]/@lang")
        assert (language == ZH) == bool(re.search("[一-鿿]", picture.get("alt")))


def test_the_samples_show_every_type_of_block(editions: dict[str, Edition]) -> None:
    assert {block.type for edition in editions.values() for block in edition.blocks} == set(TYPES)


def test_an_article_leads_to_the_other_language_before_it_begins(editions: dict[str, Edition]) -> None:
    jumps = page(editions["article-2026-12"], BOTH).xpath(f'//a[@href="#{EN}"]')
    assert [jump.text_content() for jump in jumps] == [f"{translator(EN)('You will find this language below')} ↓"]
    assert not page(editions["article-2026-12"], EN).xpath('//a[starts-with(@href, "#")]')
