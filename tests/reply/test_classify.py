"""What a class asks of us: who fails, who waits, who slows down, and whom no answer may ever count against."""

import pytest

from mailer.reply import CLASSES, Row, classify


@pytest.mark.parametrize("said", ["Ip", "Domain", "Sender", "Connection"])
def test_a_limit_on_our_rate_slows_us_and_is_nobodys_fault(said: str) -> None:
    for code, enhanced in ((550, None), (550, "5.1.1"), (450, "4.2.0")):
        found = classify(code, enhanced, f"{said} frequency limited", "qq")
        assert (found.slows, found.row, found.bad_address) == (True, Row.AGAIN, False)


def test_only_a_name_or_a_domain_that_is_not_there_counts_against_an_address() -> None:
    assert {key for key, each in CLASSES.items() if each.bad_address} == {"unknown-user", "domain-gone"}


def test_nothing_that_is_said_of_us_ends_a_delivery() -> None:
    ours = {"unproven", "login", "sender", "blocked", "content", "policy", "too-big", "malformed", "unfit"}
    assert {key for key, each in CLASSES.items() if each.halts} == ours


def test_what_is_temporary_says_nothing_against_an_address() -> None:
    for text in ("user unknown", "no such user", "domain not found", "mailbox disabled", "用户不存在"):
        for code, enhanced in ((450, None), (450, "4.1.1"), (550, "4.1.1"), (450, "5.1.1")):
            assert classify(code, enhanced, text).row is Row.AGAIN


def test_a_code_of_success_beside_a_refusal_is_not_believed() -> None:
    assert classify(550, "2.1.1", "no such user").key == "unknown-user"
    assert classify(550, "2.1.1", "").key == "refused"


@pytest.mark.parametrize("code", [-1, 0, 99, 250, 354, 399, 600, 999, 5500])
def test_what_is_no_refusal_is_unclear(code: int) -> None:
    assert classify(code, "5.1.1", "no such user").key == "unclear"


def test_no_code_is_silence() -> None:
    assert classify(None, None, "the connection was lost").key == "silent"


def test_what_a_help_page_is_called_says_nothing() -> None:
    assert classify(550, None, "User not found http://mail.example/help_spam_blacklist.htm").key == "unknown-user"


def test_one_providers_words_mean_nothing_elsewhere() -> None:
    assert classify(550, "5.5.0", "mailbox unavailable", "outlook").key == "unknown-user"
    assert classify(550, "5.5.0", "mailbox unavailable", "gmail").key == "refused"


def test_each_key_fits_its_column_and_each_wait_grows() -> None:
    for key, each in CLASSES.items():
        assert key == each.key == key.lower()
        assert list(each.waits) == sorted(each.waits)
        assert each.waits[0] >= 60
