"""Shapes of block data: what fits, and what is refused."""

import pytest
from pydantic import ValidationError

from mailer.compose.data import Card, Digest, Event, Figures, Picture


def test_an_ornament_leads_nowhere() -> None:
    picture = {"image": "wave.png", "url": "https://x.example/"}
    assert Picture.model_validate(picture).url
    with pytest.raises(ValidationError, match="an ornament leads nowhere"):
        Picture.model_validate({**picture, "ornament": "yes"})


@pytest.mark.parametrize("ids", [["a", "a"], ["title"]])
def test_figures_are_told_apart_by_their_ids(ids: list[str]) -> None:
    with pytest.raises(ValidationError, match="an id of its own"):
        Figures.model_validate({"figures": [{"id": each, "value": "1"} for each in ids]})


def test_cards_are_told_apart_by_their_ids() -> None:
    card = {"id": "a", "url": "https://x.example/"}
    assert Digest.model_validate({"cards": [card]})
    with pytest.raises(ValidationError, match="an id of its own"):
        Digest.model_validate({"cards": [card, card]})


@pytest.mark.parametrize("url", ["https://exa mple/", "https://a:b@x.example/", "mailto:", "https://x.example/a\tb"])
def test_a_link_holds_no_blank_and_nobodys_password(url: str) -> None:
    with pytest.raises(ValidationError):
        Card.model_validate({"url": url})


@pytest.mark.parametrize(
    ("start", "zone"), [("9999-12-31 23:00", "America/New_York"), ("0001-01-01 01:00", "Asia/Hong_Kong")]
)
def test_an_event_lies_within_the_calendar_in_every_zone(start: str, zone: str) -> None:
    with pytest.raises(ValidationError, match="write the local time"):
        Event.model_validate({"start": start, "end": start.replace(":00", ":30"), "tz": zone})
