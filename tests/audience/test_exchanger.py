"""What the DNS says of domains, from a name server that answers well, badly, or not at all."""

from collections.abc import Iterator

import pytest
from dns import rcode

from mailer import resolver
from mailer.audience.exchanger import Found, ask
from mailer.audience.provider import known
from tests.nameserver import Answer, NameServer, alias, mx, refusing, serving

DAY = 86400
DOMAIN = "school.edu.hk"


@pytest.fixture
def server() -> Iterator[NameServer]:
    with serving() as started:
        yield started


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is waited for only a moment."""
    monkeypatch.setattr(resolver, "SECONDS", 1.5)


@pytest.mark.parametrize(
    ("records", "provider"),
    [
        (["1 aspmx.l.google.com.", "5 alt1.aspmx.l.google.com.", "10 ASPMX2.GoogleMail.com."], "gmail"),
        (["1 smtp.google.com."], "gmail"),
        (["0 school-edu-hk.mail.protection.outlook.com."], "outlook"),
        (["5 hotmail-com.olc.protection.outlook.com."], "outlook"),
        (["10 school-edu-hk.k-v1.mx.microsoft."], "outlook"),
        (["20 mx-biz.mail.am0.yahoodns.net."], "yahoo"),
        (["10 mx01.mail.icloud.com.", "10 mx02.mail.icloud.com."], "icloud"),
        (["5 mxbiz1.qq.com.", "10 mxbiz2.qq.com."], "qq"),
        (["5 qiye163mx01.mxmail.netease.com.", "10 qiye163mx02.mxmail.netease.com."], "netease"),
        (["10 msa-mx1.hinet.net."], "hinet"),
        # A customer's own server on one of HiNet's lines.
        (["10 210-65-1-144.hinet-ip.hinet.net."], "other"),
        (["10 mail.school.edu.hk."], "other"),
        # Mail goes to the one that is tried first; the second only stands in for it.
        (["10 mail.school.edu.hk.", "20 aspmx.l.google.com."], "other"),
        (["20 mail.school.edu.hk.", "10 aspmx.l.google.com."], "gmail"),
        (["10 zz.qq.com.", "10 mail.school.edu.hk."], "qq"),
        # Not every name that ends so lies there.
        (["10 mx.notgoogle.com."], "other"),
        ([r"10 evil\.google.com."], "other"),
        ([r"10 \000\255\064.school.edu.hk."], "other"),
        (["10 google.com.school.edu.hk."], "other"),
    ],
)
def test_a_domain_belongs_to_those_who_take_its_mail(server: NameServer, records: list[str], provider: str) -> None:
    server.answers[DOMAIN] = mx(*records)
    found = ask(server.address, [DOMAIN])[DOMAIN]
    assert (found.provider, found.null_mx) == (provider, False)


def test_a_domain_that_takes_no_mail_is_known_as_such(server: NameServer) -> None:
    server.answers = {DOMAIN: mx("0 ."), "odd.hk": mx("0 .", "10 mail.odd.hk.")}
    found = ask(server.address, [DOMAIN, "odd.hk"])
    assert found[DOMAIN] == Found("other", null_mx=True, seconds=7 * DAY)
    # Beside others it means nothing (RFC 7505 §3).
    assert not found["odd.hk"].null_mx


@pytest.mark.parametrize(("ttl", "days"), [(0, 7), (3600, 7), (10 * DAY, 10), (2**31 - 1, 30)])
def test_an_answer_holds_for_a_week_at_least_and_a_month_at_most(server: NameServer, ttl: int, days: int) -> None:
    server.answers[DOMAIN] = mx("1 smtp.google.com.", ttl=ttl)
    assert ask(server.address, [DOMAIN])[DOMAIN].seconds == days * DAY


def test_a_domain_without_a_record_is_nobodys(server: NameServer) -> None:
    server.answers["bare.hk"] = refusing(rcode.NOERROR)
    assert set(ask(server.address, ["bare.hk", "nowhere.hk"]).values()) == {Found("other", seconds=7 * DAY)}


def test_thousands_of_records_are_read(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "SECONDS", 60.0)
    server.answers[DOMAIN] = mx("1 smtp.google.com.", *(f"10 m{number}.hk." for number in range(3000)))
    assert ask(server.address, [DOMAIN])[DOMAIN].provider == "gmail"


def _silence(_: object) -> None:
    return None


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    "answer",
    [
        _silence,
        lambda _: b"",
        lambda _: b"\xff" * 700,
        lambda asked: asked.to_wire()[:2] + b"\x81\x80" + b"\xc0\x0c" * 200,
        lambda asked: mx("1 smtp.google.com.")(asked)[:-3],
        refusing(rcode.SERVFAIL),
        refusing(rcode.REFUSED),
        alias("circle.edu.hk."),
    ],
    ids=["silence", "nothing", "rubbish", "pointers", "half", "servfail", "refused", "circle"],
)
def test_what_is_no_answer_tells_nothing_and_keeps_nobody_else_waiting(
    server: NameServer, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = {DOMAIN: answer, "good.hk": mx("1 smtp.google.com.")}
    found = ask(server.address, [DOMAIN, "good.hk"])
    assert found[DOMAIN] == Found(None, seconds=6 * 3600)
    assert found["good.hk"].provider == "gmail"
    said = "".join(capsys.readouterr())
    assert said.count("dns.silent") == 1
    assert "school" not in said


@pytest.mark.usefixtures("hurried")
def test_domains_that_are_no_names_harm_nobody(server: NameServer) -> None:
    odd = ["a" * 64 + ".hk", "a..hk", ".".join(["a" * 60] * 5)]
    server.answers["good.hk"] = mx("1 smtp.google.com.")
    found = ask(server.address, [*odd, "good.hk"])
    assert [found[name].provider for name in (*odd, "good.hk")] == [None, None, None, "gmail"]


@pytest.mark.usefixtures("hurried")
def test_without_any_server_nothing_is_told() -> None:
    with serving() as gone:
        address = gone.address
    assert ask(address, [DOMAIN])[DOMAIN].provider is None


def test_large_providers_are_known_by_name() -> None:
    domains = ("gmail.com", "foxmail.com", "vip.163.com", "126.com", "msa.hinet.net", "outlook.com", "yahoo.com.hk")
    assert [known(name) for name in domains] == ["gmail", "qq", "netease", "netease", "hinet", "outlook", "yahoo"]
    assert [known(name) for name in ("school.edu.hk", "notqq.com", "com", "")] == [None] * 4


def test_names_that_lead_nowhere_are_known_to_be_nobodys() -> None:
    assert {known(name) for name in ("school.example", "example.org", "printer.local", "x.test")} == {"other"}
