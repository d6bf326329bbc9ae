"""As many languages in an edition as one likes: from the folder to the reader."""

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import html as parser
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request

from mailer.audience.enrol import enrol
from mailer.campaign.campaign import create, start
from mailer.compose.edition import build, save
from mailer.compose.folder import read
from mailer.compose.template import TEMPLATES
from mailer.compose.template import create as skeleton
from mailer.demo.people import Person
from mailer.errors import InvalidError
from mailer.i18n import AUTOMATIC, EN, HANS, ZH, modes
from mailer.installation import Installation
from mailer.model import Campaign, Delivery, Edition, Subscriber, Topic, Variant
from mailer.render.approval import approve
from mailer.render.preview import preview, stand_in
from mailer.web.page import language
from tests.compose.test_template import fill

FIL, ID = "fil-PH", "id-ID"
FOUR = [ZH, EN, FIL, ID]
# Words of ours that stand among an author's own.
OURS = ("Dear friend", "You are receiving", "Unsubscribe", "View in", "min read", "See you in", "Follow us", "Donate")


def _edition(session: Session, topic: Topic, folder: Path, locales: list[str], name: str = "plain-letter") -> Edition:
    skeleton(name, folder, locales, None)
    return save(session, topic.newsletter, read(fill(folder)), "Ada")


def _name_all(topic: Topic, tags: list[str]) -> None:
    newsletter = topic.newsletter
    names = {tag: f"Tideline {tag}" for tag in tags}
    newsletter.name = newsletter.sender_name = newsletter.postal_address = topic.name = names


def test_an_edition_in_four_languages_is_frozen_in_each_and_in_each_two(
    house: Installation, topic: Topic, tmp_path: Path
) -> None:
    with house.database.write() as session:
        topic = session.merge(topic)
        _name_all(topic, FOUR)
        frozen = approve(session, _edition(session, topic, tmp_path / "x", FOUR), "Bo")
        assert sorted(each.mode for each in frozen) == sorted(modes(FOUR))
        assert len(frozen) == 16


def test_approval_demands_the_newsletter_s_names_in_every_language(
    house: Installation, topic: Topic, tmp_path: Path
) -> None:
    with house.database.write() as session:
        topic = session.merge(topic)
        edition = _edition(session, topic, tmp_path / "x", FOUR)
        _name_all(topic, [ZH, EN, FIL])
        with pytest.raises(InvalidError, match="Indonesia"):
            approve(session, edition, "Bo")


@pytest.mark.parametrize("name", TEMPLATES)
def test_our_words_are_english_and_named_as_english(tmp_path: Path, name: str) -> None:
    skeleton(name, tmp_path / "x", [FIL, ID], None)
    draft = read(fill(tmp_path / "x"))
    shown = preview(build(stand_in(draft, []), draft, ""), f"{FIL}+{ID}", str)
    page: Any = parser.document_fromstring(shown.html)
    tags = {}
    for text in page.xpath("//body//text()[normalize-space()][not(ancestor::style)]"):
        holder = text.getparent().getparent() if text.is_tail else text.getparent()
        tags[str(text)] = str(holder.xpath("string(ancestor-or-self::*[@lang][1]/@lang)"))
    ours = {text: tag for text, tag in tags.items() if any(word in text for word in OURS)}
    assert ours
    assert set(ours.values()) == {EN}
    # A day by itself is a value of the reader's own language, and named so.
    days = {text: tag for text, tag in tags.items() if re.search(r"\b(Enero|Januari)\b", text)}
    assert all(tag == (FIL if "Enero" in text else ID) for text, tag in days.items())
    assert days or name != "monthly-newsletter"
    # Nothing promises English where there is none, and dates in our sentences are in their language.
    assert "English version" not in shown.html + shown.text
    assert not {"Nobyembre", "Pebrero", "Februari"} & set((shown.html + shown.text).replace(",", " ").split())


def test_readers_get_the_mode_that_comes_nearest_to_theirs(house: Installation, topic: Topic, tmp_path: Path) -> None:
    wanted = {
        FIL: FIL,
        f"{FIL}+{EN}": f"{FIL}+{EN}",
        "en-US": EN,
        AUTOMATIC: ZH,
        "zh-TW": ZH,
        f"{ID}+{EN}": EN,
        f"{ZH}+{ID}": ZH,
        ID: ZH,
        "nonsense": ZH,
    }
    people = [Person(f"r{n}@gmail.com", "", mode, "all") for n, mode in enumerate(wanted)]
    list(enrol(house.database, house.keys, topic, "test-1", people))
    with house.database.write() as session:
        topic = session.merge(topic)
        _name_all(topic, [ZH, EN, FIL])
        edition = _edition(session, topic, tmp_path / "x", [ZH, EN, FIL])
        approve(session, edition, "Bo")
        start(session, create(session, edition, topic, "Ada"), "Ada")
    with house.database.read() as session:
        rows = session.execute(
            select(Subscriber.mode, Variant.mode, Delivery.fallback)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .join(Variant, Variant.id == Delivery.variant_id)
        ).all()
    assert {mode: got for mode, got, _ in rows} == wanted
    assert {mode for mode, _, fallback in rows if not fallback} == {FIL, f"{FIL}+{EN}"}


def test_an_edition_without_the_newsletter_s_own_language_goes_out_in_its_source(
    house: Installation, topic: Topic, tmp_path: Path
) -> None:
    list(enrol(house.database, house.keys, topic, "test-1", [Person("r@gmail.com", "", ZH, "all")]))
    with house.database.write() as session:
        topic = session.merge(topic)
        _name_all(topic, [FIL, ID])
        edition = _edition(session, topic, tmp_path / "x", [ID, FIL])
        approve(session, edition, "Bo")
        start(session, create(session, edition, topic, "Ada"), "Ada")
        sent = session.scalars(select(Variant.mode).join(Delivery, Delivery.variant_id == Variant.id)).all()
        assert sent == [ID]
        assert session.scalars(select(Campaign)).one()


def test_a_derived_language_comes_alone_and_beside_others_but_never_beside_its_origin(
    house: Installation, topic: Topic, tmp_path: Path
) -> None:
    with house.database.write() as session:
        topic = session.merge(topic)
        _name_all(topic, [ZH, EN])
        edition = _edition(session, topic, tmp_path / "x", [ZH, EN])
        edition.derived = [AUTOMATIC]
        found = {each.mode for each in approve(session, edition, "Bo")}
    assert {AUTOMATIC, f"{AUTOMATIC}+{EN}", f"{EN}+{AUTOMATIC}"} <= found
    assert not any(ZH in mode and AUTOMATIC in mode for mode in found)


@pytest.mark.parametrize(("preferred", "page"), [(FIL, EN), (AUTOMATIC, HANS), (ZH, ZH), (None, ZH)])
def test_pages_speak_what_they_can_to_a_reader_of_any_language(preferred: str | None, page: str) -> None:
    request = Request({"type": "http", "query_string": b"lang=fil-PH", "headers": []})
    assert language(request, preferred) == page
