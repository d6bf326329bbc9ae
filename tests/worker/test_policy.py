"""Policies as domains publish them (RFC 8461 §3)."""

import pytest

from worker.transport.policy import Mode, Policy, version

POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mail.school.edu.hk\r\nmx: *.school.edu.hk\r\nmax_age: 604800\r\n"


def test_a_policy_names_its_exchangers_and_holds_for_its_age() -> None:
    assert Policy.of(POLICY) == Policy(Mode.ENFORCE, ("mail.school.edu.hk", "*.school.edu.hk"), 604_800)


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        (POLICY.replace("\r\n", "\n"), Policy.of(POLICY)),
        (POLICY.rstrip(), Policy.of(POLICY)),
        (POLICY + "\r\n", Policy.of(POLICY)),
        (POLICY.replace(": ", ":\t ").replace("\r", " \t\r"), Policy.of(POLICY)),
        ("max_age:1\nmx:A.HK\nmode:testing\nversion:STSv1", Policy(Mode.TESTING, ("a.hk",), 1)),
        ("version: STSv1\nmode: none\nmax_age: 86400\n", Policy(Mode.NONE, (), 86_400)),
        # What is unknown is left aside; of what is said twice the first counts.
        (POLICY + "more: of it: all\nmode: none\nmax_age: 1\nversion: STSv2\n", Policy.of(POLICY)),
        (POLICY.replace("604800", "9999999999"), Policy(Mode.ENFORCE, Policy.of(POLICY).mx, 31_557_600)),
    ],
)
def test_a_policy_may_be_written_in_several_ways(text: str, policy: Policy) -> None:
    assert Policy.of(text) == policy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "<!DOCTYPE html>\n" + POLICY,
        POLICY.replace("STSv1", "STSv2"),
        POLICY.replace("STSv1", "stsv1"),
        POLICY.replace("version: STSv1\r\n", ""),
        POLICY.replace("enforce", "Enforce"),
        POLICY.replace("enforce", "strict"),
        POLICY.replace("mode: enforce\r\n", ""),
        POLICY.replace("max_age: 604800\r\n", ""),
        POLICY.replace("604800", "-1"),
        POLICY.replace("604800", "1e5"),
        POLICY.replace("604800", "60480000000"),
        POLICY.replace("604800", "٦٠٤٨٠٠"),
        POLICY.replace("mx: mail.school.edu.hk\r\nmx: *.school.edu.hk\r\n", ""),
        POLICY.replace("*.school", "*school"),
        POLICY.replace("*.school", "mail.*.school"),
        POLICY.replace("*.school.edu.hk", "*"),
        POLICY.replace("*.school.edu.hk", "*."),
        POLICY.replace("*.school.edu.hk", ""),
        POLICY.replace("*.school", "*..school"),
        POLICY.replace("mail.school", "mail school"),
        POLICY.replace("mail.school", "mail_school"),
        POLICY.replace("mode: ", "mode : "),
        POLICY.replace("mode: ", "mode "),
        POLICY.replace("\r\n", ";"),
    ],
)
def test_what_is_not_written_so_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Policy.of(text)


def test_a_policy_of_the_largest_size_is_read_at_once() -> None:
    """Whoever publishes one may want us to be long about it: this ends, whatever it says."""
    for text in ("a:" + " " * 65_000 + "x", "mx: " + "a" * 65_000, "mx: " + "a." * 32_000, "a:b\n" * 16_000):
        with pytest.raises(ValueError, match=r"\w"):
            Policy.of(text)


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("mail.school.edu.hk", True),
        ("mx1.school.edu.hk", True),
        ("a.mx1.school.edu.hk", False),
        ("school.edu.hk", False),
        ("mx1.school.edu.hk.evil.hk", False),
        ("evilschool.edu.hk", False),
        ("hk", False),
        ("", False),
    ],
)
def test_a_star_stands_for_one_label(host: str, *, covered: bool) -> None:
    assert Policy.of(POLICY).covers(host) is covered


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (["v=STSv1; id=20260401T010101;"], "20260401T010101"),
        (["v=STSv1;id=1"], "1"),
        (["v=STSv1; id=1; "], "1"),
        (["v=STSv1; more=x-y:z; id=1;"], "1"),
        (["v=spf1 -all", "v=STSv1; id=1;"], "1"),
        (["v=STSv1; id=1; id=2;"], "1"),
        ([], None),
        (["v=spf1 -all"], None),
        (["v=STSv1"], None),
        (["v=STSv1;"], None),
        (["v=STSv2; id=1;"], None),
        (["V=STSv1; id=1;"], None),
        (["id=1; v=STSv1;"], None),
        (["v=STSv1; id=;"], None),
        (["v=STSv1; id=1 2;"], None),
        (["v=STSv1; id=a-b;"], None),
        (["v=STSv1; id=" + "a" * 33], None),
        (["v=STSv1; id=1; nothing"], None),
        (["v=STSv1; id=1;", "v=STSv1; id=2;"], None),
    ],
)
def test_a_record_tells_which_policy_there_is(records: list[str], found: str | None) -> None:
    assert version(records) == found
