"""Which characters a text may hold."""

import pytest

from mailer.characters import refuse_controls, refuse_unreadable, sift
from mailer.errors import InvalidError


@pytest.mark.parametrize("character", ["\0", "\r", "\x1b", "\x85", "\u2028", "\u202e", "\u2066", "\ud800"])
def test_controls_are_refused_by_their_code(character: str) -> None:
    with pytest.raises(InvalidError, match=f"U\\+{ord(character):04X}"):
        refuse_controls(f"潮{character}汐")


@pytest.mark.parametrize(
    ("character", "says"),
    [
        ("\ue000", "private-use"),
        ("\uf8ff", "private-use"),
        ("\U000f0000", "private-use"),
        ("\U0010fffd", "private-use"),
        ("\ufdd0", "no character"),
        ("\uffff", "no character"),
        ("\U0001fffe", "no character"),
        ("\u0378", "no character"),
        ("\U000e0080", "no character"),
    ],
)
def test_what_no_device_can_show_is_refused_by_its_code(character: str, says: str) -> None:
    with pytest.raises(InvalidError, match=rf"{says}.*"):
        refuse_unreadable(f"潮{character}")
    with pytest.raises(InvalidError, match=f"U\\+{ord(character):04X}"):
        refuse_unreadable(character)


@pytest.mark.parametrize(
    "text",
    [
        "𨋢㘭𠮷〇",
        "\U0002ebf0\U00031350",  # Han of Unicode 15: not assigned for every Python that we run on
        "👩‍👩‍👧❤️🏴\U000e0067\U000e0062\U000e007f",
        "e\u0301\u200d\u200b\ufeff\u3000\u00a0",
        "龍\U000e0100",
    ],
)
def test_what_people_write_may_stand(text: str) -> None:
    assert refuse_unreadable(refuse_controls(text)) == text


def test_what_comes_from_elsewhere_is_sifted() -> None:
    assert sift("潮\u202e\0汐\n\t\ue000水") == ("潮汐\n\t水", {"\u202e", "\0", "\ue000"})
    assert sift("潮汐") == ("潮汐", set())
