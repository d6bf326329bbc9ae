from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from mailer.audience.address import canonical
from mailer.audience.enrol import enrol
from mailer.errors import InvalidError
from mailer.installation import Installation
from mailer.model import Subscriber, Subscription, Topic
from mailer.model.subscriber import place


@dataclass
class Somebody:
    address: str
    name: str = ""
    greeting_name: str = ""
    mode: str = "zh-Hant-HK"
    pace: str = "all"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Mei@Example.ORG ", "mei@example.org"),
        ("mei＠example.org.", "mei@example.org"),
        ("mei@潮汐.example", "mei@xn--usw99d.example"),
        ("o'neill+news@example.org", "o'neill+news@example.org"),
    ],
)
def test_one_mailbox_has_one_form(typed: str, kept: str) -> None:
    assert canonical(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "@", "a@", "@b.example", "a@b", "a b@c.example", "a@b@c.example", "a..b@c.example", ".a@c.example",
        "a@c.example\r\nRCPT TO:<x@y.example>", "a@c.example>", '"a b"@c.example', "a\x00@c.example", "é@c.example",
        "a@-c.example", "a@c..example", "x" * 65 + "@c.example", "a@" + "c." * 130 + "example", "a@c\u2028.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(InvalidError) as error:
        canonical(typed)
    assert len(typed) < 3 or typed not in str(error.value)


def test_what_nobody_typed_is_not_there(house: Installation, topic: Topic) -> None:
    list(enrol(house.database, house.keys, topic, "form-3", [Somebody("mei@gmail.com", "陳大文", " ")]))
    with house.database.read() as session:
        row = session.scalars(select(Subscriber)).one()
        assert (row.name is None, row.greeting_name) == (False, None)


def test_people_are_sealed_with_their_consent(house: Installation, topic: Topic) -> None:
    mei = Somebody("Mei@gmail.com", " 陳大文 ", " 大文 ")
    assert list(enrol(house.database, house.keys, topic, "form-3", [mei])) == [1]
    with house.database.read() as session, house.keys.open("test") as opener:
        row = session.scalars(select(Subscriber)).one()
        assert row.data_key is not None
        assert row.address is not None
        assert row.name is not None
        assert row.greeting_name is not None
        assert opener.text(row.address, row.data_key, place("address", row.ref)) == "mei@gmail.com"
        assert opener.text(row.name, row.data_key, place("name", row.ref)) == "陳大文"
        assert opener.text(row.greeting_name, row.data_key, place("greeting_name", row.ref)) == "大文"
        consent = session.scalars(select(Subscription)).one()
        assert (consent.consent_form, consent.consent_locale) == ("form-3", "zh-Hant-HK")
        assert (consent.consent_at.minute, consent.consent_at.second) == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        Somebody("nobody"),
        Somebody("a@b.example", "Eve\r\nBcc: x"),
        Somebody("a@b.example", "\u202eeve"),
        Somebody("a@b.example", "Eve", "E\rve"),
    ],
)
def test_a_batch_with_somebody_wrong_is_not_half_enrolled(house: Installation, topic: Topic, wrong: Somebody) -> None:
    with pytest.raises(InvalidError):
        list(enrol(house.database, house.keys, topic, "form-3", [Somebody("mei@gmail.com"), wrong]))
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 0
