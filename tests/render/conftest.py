"""The sample edition, stored in memory and frozen in its variants, and a mail of each."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mailer.compose import edition as editions
from mailer.compose.folder import read
from mailer.i18n import EN, ZH, modes
from mailer.model import Edition, Image, Newsletter, Variant
from mailer.model.base import Base
from mailer.render.approval import approve
from mailer.render.frozen import Frozen, Reader
from mailer.render.message import Envelope, compile_mail
from mailer.resources import folder

NAME = 'Zoë <b>"O\'Hara" & 100% {{7*7}}'


@pytest.fixture(params=modes([ZH, EN]))
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def edition() -> Edition:
    session = Session(create_engine("sqlite://"))
    Base.metadata.create_all(session.get_bind())
    newsletter = Newsletter(
        slug="tideline",
        name={ZH: "《潮信》", EN: "Tideline"},
        sender_name={ZH: "潮汐書舍", EN: "Tidewater Reading Room"},
        sender_address="letters@news.example",
        return_address="bounces@news.example",
        postal_address={ZH: "蠔殼灣渡頭街2號", EN: "2 Ferry Street, Oyster Shell Bay"},
        list_domain="news.example",
        locales=[ZH, EN],
        default_locale=ZH,
        zone="Asia/Hong_Kong",
        theme={},
    )
    return editions.save(session, newsletter, read(folder("mailer") / "demo" / "editions" / "wrap-up-2026"), "May")


@pytest.fixture(scope="session")
def variants(edition: Edition) -> dict[str, Variant]:
    session = Session.object_session(edition)
    assert session is not None
    return {variant.mode: variant for variant in approve(session, edition, "June")}


@pytest.fixture(scope="session")
def frozen(variants: dict[str, Variant]) -> dict[str, Frozen]:
    return {mode: Frozen.load(variant, "https://news.example/web/1") for mode, variant in variants.items()}


@pytest.fixture(scope="session")
def images(edition: Edition) -> dict[str, Image]:
    return {held.hash: held.image for held in edition.images}


@pytest.fixture
def reader() -> Reader:
    since = datetime(2025, 5, 1, tzinfo=UTC)
    return Reader(NAME, {ZH: "年度回顧", EN: "Yearly"}, since, "https://news.example/u/TOKEN")


@pytest.fixture(scope="session")
def mail(frozen: dict[str, Frozen], images: dict[str, Image]) -> Callable[[str, Reader], bytes]:
    envelope = Envelope(
        campaign_id=7,
        newsletter="tideline",
        list_id="yearly.tideline.news.example",
        sender_address="letters@news.example",
        unsubscribe_address="u@news.example",
        domain="news.example",
        public_url="https://news.example",
    )
    date = datetime(2026, 12, 20, 9, tzinfo=UTC)
    mails = {mode: compile_mail(variant, envelope, images) for mode, variant in frozen.items()}
    return lambda mode, reader: mails[mode].fill(reader, "zoe@reader.example", "abc123", date)
