"""What is too heavy is refused when it is approved, and said before it comes to that."""

import os

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.compose import data as shapes
from mailer.compose.check import Fault, Severity
from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.compose.picture import Picture
from mailer.errors import InvalidError
from mailer.installation import Installation
from mailer.model import Edition, Images, Topic, Variant
from mailer.render.approval import approve
from mailer.render.frozen import Frozen
from mailer.render.message import NOBODY, compile_mail
from mailer.render.published import pictures
from mailer.render.variant import freeze
from mailer.render.weight import Weight, weigh


def _edition(session: Session, topic: Topic, draft: Draft, octets: int) -> Edition:
    """The sample with a picture of so many octets, all of them noise."""
    changed = draft.model_copy(deep=True)
    name = next(block.data.image for block in changed.blocks if isinstance(block.data, shapes.Picture))
    content = os.urandom(octets)
    changed.images[name] = Picture(content.hex()[:64], "image/png", 9, 9, content)
    return save(session, session.merge(topic).newsletter, changed, "Ada")


@pytest.mark.parametrize(("octets", "warned"), [(100_000, False), (600_000, True)])
def test_a_heavy_message_is_said_and_goes(
    house: Installation,
    topic: Topic,
    draft: Draft,
    octets: int,
    warned: bool,  # noqa: FBT001 — a case's own
) -> None:
    with house.database.write() as session:
        for variant in approve(session, _edition(session, topic, draft, octets), "Bo"):
            weight = weigh(session, variant)
            assert octets * 4 / 3 < weight.message < octets * 1.37 + 250_000
            said = [found for found in weight.findings() if found.fault is Fault.HEAVY]
            assert bool(said) is warned
            for sentence in (found.say(str) for found in said):
                assert f"{weight.message // 1000} KB" in sentence
                assert variant.mode in sentence


def test_too_heavy_a_message_is_refused_and_nothing_is_saved(house: Installation, topic: Topic, draft: Draft) -> None:
    with pytest.raises(InvalidError, match="1000 KB is the most"), house.database.write() as session:
        approve(session, _edition(session, topic, draft, 760_000), "Bo")
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Variant)) == 0


def test_hosted_pictures_weigh_nothing(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft, 760_000)
        edition.newsletter.images = Images.HOSTED
        for variant in approve(session, edition, "Bo"):
            assert weigh(session, variant).message < 250_000


@pytest.mark.parametrize(
    ("html", "message", "faults"),
    [
        (70_000, 500_000, []),
        (71_000, 501_000, [Fault.LONG, Fault.HEAVY]),
        (95_000, 1_000_000, [Fault.LONG, Fault.HEAVY]),
        (95_001, 1_000_001, [Fault.TOO_LONG, Fault.TOO_HEAVY]),
    ],
)
def test_each_weight_is_said_before_it_is_refused(html: int, message: int, faults: list[Fault]) -> None:
    found = Weight("en-GB", html, message).findings()
    assert [each.fault for each in found] == faults
    assert all(f"{html // 1000} KB" in each.say(str) for each in found[:1])
    assert not any(each.acknowledgeable for each in found if each.severity is Severity.ERROR)


@pytest.mark.parametrize("octets", [56, 57, 58, 1000])
def test_a_message_is_weighed_to_the_octet_though_no_picture_is_encoded(
    house: Installation, topic: Topic, draft: Draft, octets: int
) -> None:
    with house.database.write() as session:
        for variant in freeze(session, _edition(session, topic, draft, octets)):
            frozen = Frozen.load(variant, "")
            assert weigh(session, variant).message == compile_mail(frozen, NOBODY, pictures(session, frozen)).size()


def test_html_is_weighed_as_it_is_read(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        for variant in approve(session, _edition(session, topic, draft, 1000), "Bo"):
            html = "".join(variant.content["html"]["parts"])
            assert weigh(session, variant).html == len(html.encode())
