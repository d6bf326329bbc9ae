"""The invented subscribers: always the same, never twice, awkward from the start, made only when asked for."""

import unicodedata
from collections import Counter
from itertools import islice

import pytest

from mailer.compose.folder import read
from mailer.demo.people import AWKWARD, Person, people
from mailer.i18n import modes
from tests.mould import SAMPLE

MODES = {"zh-Hant-HK": 0.38, "en-GB": 0.24, "zh-Hant-HK+en-GB": 0.25, "en-GB+zh-Hant-HK": 0.10, "zh-Hans": 0.03}
PROVIDERS = {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com.hk", "qq.com", "163.com", "icloud.com"}


@pytest.fixture(scope="module")
def crowd() -> list[Person]:
    return list(people(5000))


def test_eight_people_already_read_in_every_mode() -> None:
    assert {person.mode for person in people(8)} == set(MODES)


def test_modes_come_in_a_believable_mix(crowd: list[Person]) -> None:
    shares = {mode: n / len(crowd) for mode, n in Counter(person.mode for person in crowd).items()}
    assert shares == pytest.approx(MODES, abs=0.02)


def test_every_pace_and_every_provider_appears(crowd: list[Person]) -> None:
    domains = {person.address.partition("@")[2] for person in crowd}
    assert {person.pace for person in crowd} == {"all", "monthly", "yearly"}
    assert domains > PROVIDERS
    assert all(domain.endswith(".example") for domain in domains - PROVIDERS)
    assert "潮汐.example" in {domain.encode().decode("idna") for domain in domains}


def test_addresses_are_unique_plain_and_visibly_invented(crowd: list[Person]) -> None:
    assert len({person.address for person in crowd}) == len(crowd)
    for number, person in enumerate(crowd, 1):
        local, _, domain = person.address.partition("@")
        assert person.address.isascii()
        assert domain
        assert len(local) <= 64
        assert local.rpartition(".")[2] == f"demo{number}"


def test_the_same_people_come_each_time_and_a_small_crowd_begins_a_large_one(crowd: list[Person]) -> None:
    assert list(people(5000)) == crowd
    assert list(people(60)) == crowd[:60]


def test_the_names_that_break_things_come_first() -> None:
    names = [person.name for person in people(40)]
    assert set(AWKWARD) <= set(names)
    for awkward in ("<", ">", "&", '"', "’", "'", "ë", "ñ", "Ł", "歐陽", "{{", "  "):
        assert any(awkward in name for name in names), awkward
    assert any(name != name.strip() for name in names)
    assert any(len(name) > 80 for name in names)
    assert any(unicodedata.name(c).startswith("CJK UNIFIED IDEOGRAPH-2") for name in names for c in name)


def test_some_people_give_no_name(crowd: list[Person]) -> None:
    assert sum(not person.name for person in crowd) / len(crowd) == pytest.approx(0.08, abs=0.02)


def test_some_people_say_what_they_want_to_be_called(crowd: list[Person]) -> None:
    """Given names, pet names, titles: none follows from the name alone, so that nothing may work it out."""
    called = [person for person in crowd if person.greeting_name]
    assert len(called) / len(crowd) == pytest.approx(0.17, abs=0.03)
    assert all(person.name for person in called)
    assert {person.greeting_name[:1] == "阿" for person in called} == {True, False}
    assert {person.greeting_name in person.name for person in called} == {True, False}


def test_nobody_is_made_before_they_are_asked_for() -> None:
    assert len(list(islice(people(10**9), 3))) == 3
    assert list(people(0)) == []


def test_the_demo_s_edition_offers_all_that_its_people_read() -> None:
    draft = read(SAMPLE)
    assert set(MODES) <= set(modes([*draft.locales, *draft.derived]))
