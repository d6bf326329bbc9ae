"""The variants of the sample: each run names its language, nothing is remote, nothing is lost."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from lxml import html as parser

from mailer.chinese import has_han
from mailer.compose.blocks import FRONT, Kind, fields_of
from mailer.compose.data import Nothing
from mailer.compose.draft import DraftBlock
from mailer.compose.edition import build
from mailer.compose.folder import read
from mailer.errors import InvalidError
from mailer.i18n import EN, ZH, languages
from mailer.model import Edition, Layout, Variant
from mailer.render import html as html_form
from mailer.render.frozen import Frozen, Reader
from mailer.render.holes import Marks
from mailer.render.layout import holes, parts, sequence
from tests.mould import SAMPLE

Page = Any  # lxml's own types are too wide to be of use

_PROSE = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")


@pytest.fixture
def page(mode: str, frozen: dict[str, Frozen], reader: Reader) -> Page:
    return _page(frozen[mode], reader)


def _page(variant: Frozen, reader: Reader) -> Page:
    return parser.document_fromstring(variant.html.fill(variant.html_values(variant.values(reader))))


def runs(page: Page) -> Iterator[tuple[str, str]]:
    """Each piece of text that a reader meets, with the language that it is in."""
    for text in page.xpath("//body//text()[normalize-space()][not(ancestor::style)]"):
        holder = text.getparent()
        around = holder.getparent() if text.is_tail else holder
        yield str(text), str(around.xpath("string(ancestor-or-self::*[@lang][1]/@lang)"))


def sections(page: Page) -> list[str]:
    return [str(name) for name in page.xpath("//body//h1/ancestor::div[@lang][1]/@lang")]


def test_every_run_is_in_the_language_that_it_names(page: Page, mode: str, reader: Reader) -> None:
    found = [(text, lang) for text, lang in runs(page) if reader.name not in text]
    assert not [text for text, lang in found if has_han(text) and lang != ZH]
    # The catalogues may lack a word, and names of people stay as they are; prose may not stray.
    interface = ("You are receiving", "You will find", "View in your", "See you in our")
    stray = [text for text, lang in found if _PROSE.search(text) and lang != EN and not text.startswith(interface)]
    assert not stray
    assert {lang for _, lang in found} >= set(languages(mode))


def test_a_chinese_name_is_named_as_chinese_in_an_english_greeting(frozen: dict[str, Frozen], reader: Reader) -> None:
    named = replace(reader, name='歐陽詠潮 <b>"𠮷"</b>')
    assert ("歐陽詠潮", ZH) in list(runs(_page(frozen[EN], named)))
    assert not _page(frozen[EN], named).xpath("//b")
    greeting = _page(frozen[EN], named).xpath("//*[contains(., 'Dear')]")[-1].text_content()
    assert greeting == 'Dear 歐陽詠潮 <b>"𠮷"</b>,'


def test_parts_come_in_the_order_of_the_mode(page: Page, mode: str) -> None:
    assert sections(page) == languages(mode)
    assert page.get("lang") == languages(mode)[0]


def test_the_way_to_the_other_language_leads_there_and_back(page: Page, mode: str) -> None:
    targets = [str(href).removeprefix("#") for href in page.xpath("//a[starts-with(@href, '#')]/@href")]
    assert [target for target in targets if target in languages(mode)] == (languages(mode)[::-1] if "+" in mode else [])
    assert all(page.xpath(f"//*[@id='{target}']") for target in targets)


def test_a_table_of_contents_leads_to_each_section_of_its_own_language(page: Page, mode: str, edition: Edition) -> None:
    sections = [block for block in edition.blocks if block.type in {"section", "list"}]
    for tag in languages(mode):
        entries = page.xpath(f"//li/a[starts-with(@href, '#{tag}-')]")
        assert [entry.text for entry in entries] == [block.text(tag)["title"] for block in sections]
        for entry in entries:
            (heading,) = page.xpath(f"//h2[@id='{entry.get('href')[1:]}']")
            assert heading.text_content() == entry.text


def test_nothing_is_remote_and_nothing_runs(mode: str, frozen: dict[str, Frozen]) -> None:
    for form in (frozen[mode].html, frozen[mode].web):
        source = "".join(form.parts).lower()
        assert not re.search(
            r"url\s*\(|@import|<link|<script|<iframe|\ssrc=\"(?!image:)|\sbackground=|\son\w+=", source
        )


def test_every_link_is_the_editions_or_ours(page: Page) -> None:
    for href in map(str, page.xpath("//a/@href")):
        assert href.startswith(("https://", "#")), href


def test_it_stays_well_below_what_gmail_cuts(mode: str, frozen: dict[str, Frozen]) -> None:
    assert len("".join(frozen[mode].html.parts).encode()) < (85_000 if "+" in mode else 45_000)


def test_han_is_never_small(page: Page) -> None:
    for text in page.xpath("//body//text()[normalize-space()]"):
        styles = " ".join(map(str, text.getparent().xpath("ancestor-or-self::*/@style")))
        sizes = [int(size) for size in re.findall(r"font-size:(\d+)px", styles)]
        hidden = "display:none" in styles
        assert hidden or not has_han(str(text)) or sizes[-1] >= 13


def test_both_forms_say_everything(mode: str, edition: Edition, frozen: dict[str, Frozen], page: Page) -> None:
    """Each line that an editor wrote stands in the HTML and in the text."""
    shown, typed = "".join(page.itertext()), "".join(frozen[mode].text.parts)
    for block in edition.blocks:
        for tag in languages(mode):
            fields = fields_of(block)
            for field, text in block.text(tag).items():
                if block.type != FRONT and fields[field].kind is Kind.LINE and not field.endswith("alt"):
                    assert text in shown, (block.key, field)
                    assert text in typed, (block.key, field)


def test_every_part_has_its_way_out(mode: str, frozen: dict[str, Frozen], reader: Reader) -> None:
    for form in (frozen[mode].html, frozen[mode].text):
        filled = form.fill(frozen[mode].values(reader))
        for tag in languages(mode):
            assert filled.count(f"https://news.example/u/TOKEN?lang={tag}") == 1
        assert filled.count("https://news.example/web/1") == len(languages(mode))


def test_the_web_version_knows_no_reader(mode: str, frozen: dict[str, Frozen], reader: Reader) -> None:
    page = frozen[mode].web_page()
    assert "/u/" not in page
    assert reader.name not in page
    assert not {hole for hole in frozen[mode].web.holes if not hole.startswith("greeting")}


def test_freezing_again_gives_the_same_bytes(edition: Edition, variants: dict[str, Variant]) -> None:
    assert len({variant.hash for variant in variants.values()}) == len(variants)
    for mode, variant in variants.items():
        marks = Marks()
        again = marks.split(html_form.render(edition, parts(edition, mode, marks)).mail, holes(mode))
        assert again.stored() == variant.content["html"]


def test_a_theme_that_cannot_be_read_is_refused(edition: Edition) -> None:
    before = edition.newsletter.theme
    edition.newsletter.theme = {"ink": "#ffffff"}
    try:
        with pytest.raises(InvalidError):
            html_form.render(edition, parts(edition, ZH, Marks()))
    finally:
        edition.newsletter.theme = before


@pytest.mark.parametrize("shape", Layout)
def test_every_part_begins_with_its_masthead_and_jumps_only_where_there_is_where_to(
    edition: Edition, mode: str, shape: Layout
) -> None:
    draft = read(SAMPLE).model_copy(update={"layout": shape})
    jump = DraftBlock(key="jump", type="language_jump", data=Nothing())
    draft.blocks = [*(block for block in draft.blocks if block.type != "masthead"), jump]
    laid_out = parts(build(edition.newsletter, draft, "May"), mode, Marks())
    assert [part.blocks[0].type for part in laid_out] == ["masthead"] * len(laid_out)
    jumps = [block.type for part in laid_out for block in part.blocks].count("language_jump")
    assert jumps == (1 if "+" in mode and shape is Layout.STACKED else 0)


@pytest.fixture
def by_turns(edition: Edition) -> Edition:
    """The sample block by block in both languages, with a text for English alone in the middle."""
    draft = read(SAMPLE).model_copy(update={"layout": Layout.INTERLEAVED, "slug": "by-turns"})
    draft.blocks = [block for block in draft.blocks if block.type != "footer"]
    alone = {EN: {"title": "For English alone", "body": "x"}}
    draft.blocks.insert(3, DraftBlock(key="footer", type="section", data=Nothing(), languages=[EN], texts=alone))
    return build(edition.newsletter, draft, "May")


def test_by_turns_each_block_keeps_its_place_whatever_it_is_called(by_turns: Edition) -> None:
    laid_out = parts(by_turns, f"{ZH}+{EN}", Marks())
    shown = [block for _, block in sequence(by_turns, laid_out)]
    wanted = [block.key for block in by_turns.blocks if block.type not in {FRONT, "footer"}]
    assert list(dict.fromkeys(block.key for block in shown if block.type != "footer")) == wanted
    assert [block.type for block in shown[-2:]] == ["footer", "footer"]
    assert "For English alone" in [block.title for block in shown]
