"""What is wrong with a value, in words that have translations: pydantic's own are English alone."""

from typing import Any

import pytest
from pydantic import ValidationError

from mailer.compose.data import Action, Data, Digest, Donation, Event, Figures, Letter, Links, Picture
from mailer.compose.reason import reason

CARDS = [{"id": f"c{number}", "url": "https://x.example/"} for number in range(31)]
EVENT = {"start": "2026-12-05 18:05", "end": "2026-12-05 20:00", "tz": "Asia/Hong_Kong"}


@pytest.mark.parametrize(
    ("shape", "raw", "says"),
    [
        (Action, {}, "url: it is missing"),
        (Action, {"url": "https://x.example/", "colour": "red"}, "colour: there is no such key here"),
        (Action, {"url": ["x"]}, "url: it must be a text"),
        (Action, {"url": "https://" + "x" * 1000}, "url: it must be at most 1000 characters long"),
        (Action, {"url": "ftp://x.example/"}, "url: a link begins with https://, http:// or mailto:"),
        (Action, {"url": "https://x.example/", "deadline": "2027-02-30"}, "deadline: there is no such day or time"),
        (Event, EVENT | {"start": "2026-12-05 25:00"}, "start: there is no such day or time"),
        (Event, EVENT | {"end": "2026-12-05 18:05"}, "an event ends after it starts"),
        (Event, EVENT | {"recurrence": "FREQ=WEEKLY;COUNT=0"}, "recurrence: COUNT is a number from 1 to 500"),
        (Letter, {"portrait": "A.svg"}, r"portrait: it must have the form ^[a-z0-9]"),
        (Picture, {"image": "a.png", "ornament": "perhaps"}, "ornament: it must be yes or no"),
        (Donation, {"url": "https://x.example/", "currency": "USD"}, "currency: it must be one of: HKD, GBP"),
        (Donation, {"url": "https://x.example/", "amounts": "5"}, "amounts: it must be a list"),
        (Donation, {"url": "https://x.example/", "amounts": ["5"] * 7}, "amounts: it must have at most 6 entries"),
        (Figures, {"figures": []}, "figures: it must have at least 1 entries"),
        (Figures, {"figures": ["x"]}, "figures: here must stand keys with their values"),
        (Links, {"links": [{"name": "", "url": "https://x.example/"}]}, "links.name: it must be at least 1 characters"),
        (Digest, {"cards": CARDS}, "cards: it must have at most 30 entries"),
        (Digest, {"cards": CARDS[:1], "max": "many"}, "max: it must be a whole number"),
        (Digest, {"cards": CARDS[:1], "max": "0"}, "max: it must be at least 1"),
        (Digest, {"cards": CARDS[:1], "max": "31"}, "max: it must be at most 30"),
    ],
)
def test_each_fault_has_a_reason_of_the_catalogue(shape: type[Data], raw: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as error:
        shape.model_validate(raw)
    why = reason(error.value)
    assert str(why).startswith(says)
    # Said in another language, not a word of it is left as it was.
    assert not set(says.partition(": ")[2].split()[:2]) & set(why.say(lambda _: "話").split())


def test_it_stands_behind_the_keys_that_lead_to_it() -> None:
    with pytest.raises(ValidationError) as error:
        Digest.model_validate({"cards": [{"id": "a"}]})
    assert str(reason(error.value, "digest")) == "digest.cards.url: it is missing"
