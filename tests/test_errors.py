"""Errors: sentences in the language of who reads them, down to the reasons inside them."""

from mailer.errors import InvalidError, Term

CHINESE = {"%(file)s: %(why)s.": "%(file)s：%(why)s。", "No %(name)s.": "沒有%(name)s。", "a colour": "顏色"}


def test_a_reason_is_said_in_the_language_of_its_sentence() -> None:
    reason = Term("No %(name)s.", name=Term("a colour"))
    error = InvalidError("%(file)s: %(why)s.", file="edition.yaml", why=reason)
    assert str(error) == "edition.yaml: No a colour."
    assert error.say(lambda message: CHINESE[message]) == "edition.yaml：沒有顏色。"
