"""Each example is known for what it is, and nothing stands in the table for nothing."""

import re
from dataclasses import replace

import pytest

from mailer import reply
from mailer.reply import CLASSES, SILENT, UNCLEAR, classify
from mailer.reply.classes import UNFIT
from mailer.reply.sign import Sign
from mailer.reply.signs import SIGNS
from mailer.reply.text import enhanced_code

EXAMPLES = [(sign, example) for sign in SIGNS for example in sign.examples]
_PHRASES = [(sign, word) for sign in SIGNS for word in sign.words]


def known_as(example: str, provider: str | None = None) -> str:
    code, _, text = example.partition(" ")
    return classify(int(code), enhanced_code(text), text, provider or "other").key


@pytest.mark.parametrize(("sign", "example"), EXAMPLES, ids=lambda value: value if isinstance(value, str) else "")
def test_each_example_is_of_its_class(sign: Sign, example: str) -> None:
    assert known_as(example, sign.provider) == sign.of.key


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: f"{sign.of.key} {sign.words or sign.status or sign.code}")
def test_each_sign_is_needed(sign: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    others = tuple(each for each in SIGNS if each is not sign)
    monkeypatch.setattr(reply, "SIGNS", (*others, Sign(UNCLEAR, "45")))
    assert any(known_as(example, sign.provider) != sign.of.key for example in sign.examples)


@pytest.mark.parametrize(("sign", "word"), _PHRASES, ids=lambda value: value if isinstance(value, str) else "")
def test_each_phrase_is_needed(sign: Sign, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = replace(sign, words=tuple(each for each in sign.words if each != word) or ("no such words",))
    monkeypatch.setattr(reply, "SIGNS", tuple(fewer if each is sign else each for each in SIGNS))
    assert any(known_as(example, sign.provider) != sign.of.key for example in sign.examples)


def test_each_class_has_an_example() -> None:
    assert {sign.of for sign in SIGNS} | {SILENT, UNCLEAR, UNFIT, CLASSES["fault"]} == set(CLASSES.values())
    assert all(sign.examples for sign in SIGNS)


def test_what_is_said_in_chinese_is_known_in_both_scripts() -> None:
    chinese = {sign.of.key for sign, example in EXAMPLES if re.search("[一-鿿]", example)}
    assert chinese >= {"unknown-user", "inactive", "mailbox-full", "too-fast", "content", "blocked", "login", "sender"}
