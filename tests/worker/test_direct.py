"""Mail straight to exchangers: which, in what order, and what becomes of it where none is to be had."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from dns import rcode
from dns.message import Message

from mailer import resolver
from mailer.errors import MisconfiguredError
from tests.nameserver import Answer, NameServer, alias, refusing, serving
from tests.worker.mailhost import Answer as Says
from tests.worker.mailhost import Host
from tests.worker.post import DOMAIN, FIRST, READER, SECOND, THIRD, at, mx, nobody, parcel, sent, trial
from worker.transport import Fate, Outcome
from worker.transport.direct import Direct, DirectConnection


@pytest.fixture
def dns() -> Iterator[NameServer]:
    """A domain with a first exchanger and one that stands in for it."""
    with serving() as server:
        server.answers = {
            DOMAIN: mx("20 second.hk.", "10 first.hk."),
            "first.hk": at(FIRST),
            "second.hk": at(SECOND),
            "third.hk": at(THIRD),
        }
        yield server


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server's silence is waited for only a moment."""
    monkeypatch.setattr(resolver, "SECONDS", 1.0)


def took(*hosts: Host) -> list[int]:
    return [len(host.letters) for host in hosts]


def says(step: str, answer: str) -> Says:
    return lambda verb, _: answer if verb == step else None


# Which exchanger.


def test_the_exchanger_of_the_smallest_preference_takes_the_mail(dns: NameServer) -> None:
    hosts = Host(address=FIRST), Host(address=SECOND)
    (outcome,) = sent(dns, hosts)
    assert (outcome.fate, took(*hosts), hosts[0].letters[0].recipient) == (Fate.SENT, [1, 0], READER)


def by_different_lines(dns: NameServer, hosts: Sequence[Host], number: int, **more: object) -> list[Fate]:
    """What becomes of messages each of which has a connection of its own."""
    fates = []

    async def act(direct: Direct, _: DirectConnection) -> None:
        for each in range(number):
            connection = direct.connect()
            fates.append((await connection.send(parcel(number=each), nobody)).fate)
            await connection.close()

    trial(dns, hosts, act, **more)
    return fates


def test_equal_exchangers_share_the_load(dns: NameServer) -> None:
    dns.answers[DOMAIN] = mx("10 second.hk.", "10 first.hk.")
    hosts = Host(address=FIRST), Host(address=SECOND)
    assert by_different_lines(dns, hosts, 40) == [Fate.SENT] * 40
    assert min(took(*hosts)) > 0


def test_a_domain_that_names_nobody_takes_its_mail_itself(dns: NameServer) -> None:
    dns.answers[DOMAIN] = at(FIRST)
    host = Host(address=FIRST)
    assert [outcome.fate for outcome in sent(dns, [host])] == [Fate.SENT]


def test_of_thousands_of_exchangers_the_first_are_enough(dns: NameServer) -> None:
    dns.answers[DOMAIN] = mx("1 first.hk.", *(f"10 m{number}.hk." for number in range(3000)))
    assert sent(dns, [Host(address=FIRST)])[0].fate is Fate.SENT
    assert len(dns.asked) < 20


def test_an_exchanger_without_an_address_is_passed_over(dns: NameServer) -> None:
    dns.answers[DOMAIN] = mx("5 nowhere.hk.", "6 bare.hk.", r"7 odd\.name.hk.", "8 .", "10 first.hk.")
    dns.answers["bare.hk"] = refusing(rcode.NOERROR)
    assert sent(dns, [Host(address=FIRST)])[0].fate is Fate.SENT


def test_what_the_dns_said_holds_for_the_next_message(dns: NameServer) -> None:
    sent(dns, [Host(address=FIRST)], parcel(), parcel("ada@school.edu.hk", 2))
    asked = Counter(dns.asked)
    assert (asked[DOMAIN], asked["first.hk"], asked[f"_mta-sts.{DOMAIN}"]) == (1, 2, 1)


# Who is not reached.

UNREACHED = {
    "hangs up": "",
    "is full": "421 4.7.0 Too many connections",
    "is none": "554 No SMTP service here",
    "says nothing of use": "220-",
}


@pytest.mark.parametrize("greeting", UNREACHED.values(), ids=UNREACHED)
def test_the_next_exchanger_stands_in_for_one_that_is_not_reached(dns: NameServer, greeting: str) -> None:
    hosts = Host(address=FIRST, answer=says("connect", greeting)), Host(address=SECOND)
    (outcome,) = sent(dns, hosts, timeout=3.0)
    assert (outcome.fate, took(*hosts)) == (Fate.SENT, [0, 1])


def test_the_next_address_of_the_same_exchanger_comes_first(dns: NameServer) -> None:
    dns.answers["first.hk"] = at(THIRD, SECOND)
    dns.answers["second.hk"] = at(FIRST)
    hosts = Host(address=SECOND), Host(address=FIRST)
    # Nobody listens at the third.
    assert by_different_lines(dns, hosts, 6) == [Fate.SENT] * 6
    assert took(*hosts) == [6, 0]


def test_a_dead_domain_waits_by_itself(dns: NameServer) -> None:
    """A lane pauses where nothing at all was sent: the fate of one domain must not be taken for that."""
    (outcome,) = sent(dns, [])
    assert (outcome.fate, outcome.unreached, outcome.kind and outcome.kind.key) == (Fate.DEFERRED, False, "silent")


def test_of_many_who_are_silent_in_a_row_it_is_said_that_it_may_be_us(
    dns: NameServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """As where port 25 is shut."""
    domains = [f"d{number}.hk" for number in range(10)]
    for number, name in enumerate(domains):
        dns.answers[name] = at(f"127.0.1.{number}")
    parcels = [parcel(f"mei@{name}", number) for number, name in enumerate(domains)]
    sent(dns, [], *parcels[:9])
    assert "direct.silent" not in capfd.readouterr().err
    sent(dns, [], *parcels)
    said = capfd.readouterr().err
    assert said.count("direct.silent") == 1
    assert "d1.hk" not in said


def test_what_was_answered_says_more_than_a_silence(dns: NameServer) -> None:
    (outcome,) = sent(dns, [Host(address=FIRST, answer=says("connect", UNREACHED["is full"]))])
    assert (outcome.fate, outcome.unreached, outcome.code) == (Fate.DEFERRED, False, 421)


def test_who_is_silent_is_left_alone_for_a_while(dns: NameServer) -> None:
    hosts = Host(address=FIRST, answer=says("connect", "220-")), Host(address=SECOND)
    parcels = [parcel(f"r{number}@{name}", number) for number, name in enumerate([DOMAIN, "other.hk", DOMAIN])]
    dns.answers["other.hk"] = mx("10 first.hk.")
    outcomes = sent(dns, hosts, *parcels, timeout=3.0)
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT, Fate.DEFERRED, Fate.SENT]
    assert hosts[0].sessions == 1


def test_who_refuses_to_greet_us_is_asked_again(dns: NameServer) -> None:
    greetings = iter(["421 later"])
    host = Host(address=FIRST, answer=lambda verb, _: next(greetings, None) if verb == "connect" else None)
    outcomes = sent(dns, [host], parcel(), parcel(number=2))
    assert [outcome.fate for outcome in outcomes] == [Fate.DEFERRED, Fate.SENT]


# What an exchanger says.

SAID = {
    "no such user": ("RCPT", "550 5.1.1 User unknown", Fate.FAILED, "unknown-user"),
    "grey": ("RCPT", "451 4.7.1 Greylisting in action", Fate.DEFERRED, "greylisted"),
    "later": ("MAIL", "451 4.3.0 later", Fate.DEFERRED, "trouble"),
    "no": ("MAIL", "550 no", Fate.DEFERRED, "refused"),
    "blocked": ("MAIL", "554 5.7.1 Client host blocked using a list", Fate.DEFERRED, "blocked"),
    "blocked at once": ("connect", "554 5.7.1 Client host blocked using a list", Fate.DEFERRED, "blocked"),
    "no relay": ("RCPT", "554 5.7.1 Relay access denied", Fate.DEFERRED, "login"),
    "cut off": ("body", "", Fate.UNCERTAIN, "silent"),
    "cut off before": ("MAIL", "", Fate.DEFERRED, "silent"),
}


@pytest.mark.parametrize(("step", "answer", "fate", "kind"), SAID.values(), ids=SAID)
def test_what_one_exchanger_says_holds_for_its_domain_and_is_not_asked_of_another(
    dns: NameServer, step: str, answer: str, fate: Fate, kind: str
) -> None:
    dns.answers[DOMAIN] = mx("10 first.hk.") if step == "connect" else dns.answers[DOMAIN]
    hosts = Host(address=FIRST, answer=says(step, answer)), Host(address=SECOND)
    (outcome,) = sent(dns, hosts)
    assert (outcome.fate, outcome.kind and outcome.kind.key, outcome.unreached) == (fate, kind, False)
    assert hosts[1].sessions == 0
    assert not outcome.halts, "a stranger stops mail to all others"
    assert not outcome.slows, "a stranger slows mail to all others"


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        ("550 5.7.26 This mail is unauthenticated", (Fate.UNSENT, True, False)),
        ("421 4.7.28 Our system has detected an unusual rate", (Fate.DEFERRED, False, True)),
    ],
)
def test_what_a_large_provider_asks_of_us_is_about_all_our_mail_to_it(
    dns: NameServer, answer: str, meant: tuple[Fate, bool, bool]
) -> None:
    """Also of a domain that has its mail there."""
    dns.answers[DOMAIN] = mx("10 aspmx.l.google.com.")
    dns.answers["aspmx.l.google.com"] = at(FIRST)
    (outcome,) = sent(dns, [Host(address=FIRST, answer=says("RCPT", answer))])
    assert (outcome.fate, outcome.halts, outcome.slows) == meant


# What the DNS says.


def test_a_domain_that_takes_no_mail_fails_at_once(dns: NameServer) -> None:
    dns.answers[DOMAIN] = mx("0 .")
    (outcome,) = sent(dns, [Host(address=FIRST)])
    assert (outcome.fate, outcome.code, outcome.enhanced) == (Fate.FAILED, 556, "5.1.10")
    assert outcome.kind
    assert outcome.kind.key == "domain-gone"


@pytest.mark.parametrize("answer", [refusing(rcode.NXDOMAIN), refusing(rcode.NOERROR)], ids=["gone", "bare"])
def test_a_domain_that_is_gone_fails(dns: NameServer, answer: Answer) -> None:
    dns.answers[DOMAIN] = answer
    (outcome,) = sent(dns, [])
    assert (outcome.fate, outcome.kind and outcome.kind.key) == (Fate.FAILED, "domain-gone")


def _silence(_: object) -> None:
    return None


NO_ANSWER = {
    "silence": _silence,
    "servfail": refusing(rcode.SERVFAIL),
    "refused": refusing(rcode.REFUSED),
    "rubbish": lambda _: b"\xff" * 700,
    "circle": alias("circle.edu.hk."),
}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("where", [DOMAIN, "first.hk"])
@pytest.mark.parametrize("answer", NO_ANSWER.values(), ids=NO_ANSWER)
def test_what_is_no_answer_is_waited_out(dns: NameServer, answer: Answer, where: str) -> None:
    dns.answers = {DOMAIN: mx("10 first.hk.")} | dns.answers | {where: answer}
    dns.answers["second.hk"] = answer
    (outcome,) = sent(dns, [Host(address=FIRST)])
    assert (outcome.fate, outcome.unreached, outcome.kind and outcome.kind.key) == (Fate.DEFERRED, False, "silent")


@pytest.mark.usefixtures("hurried")
def test_a_silence_is_waited_for_once(dns: NameServer) -> None:
    dns.answers[DOMAIN] = _silence
    sent(dns, [], parcel())
    once = dns.asked.count(DOMAIN)
    dns.asked.clear()
    sent(dns, [], *(parcel(number=number) for number in range(5)))
    assert dns.asked.count(DOMAIN) <= once + 1


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("root", [_silence, refusing(rcode.SERVFAIL)], ids=["silent", "cut off"])
@pytest.mark.parametrize("known", [True, False], ids=["unreached", "unknown"])
def test_where_no_name_server_answers_it_is_our_line_that_is_down(
    dns: NameServer, root: Answer, *, known: bool
) -> None:
    """Nobody's message pays for that: all wait, and none counts as tried."""
    dns.answers["."] = root
    if not known:
        dns.answers[DOMAIN] = root
    (outcome,) = sent(dns, [])
    assert (outcome.fate, outcome.unreached) == (Fate.UNSENT, True)


@pytest.mark.parametrize("code", [rcode.NOERROR, rcode.NXDOMAIN, rcode.REFUSED])
def test_a_name_server_that_tells_nothing_of_the_root_is_there(dns: NameServer, code: rcode.Rcode) -> None:
    dns.answers["."] = refusing(code)
    assert sent(dns, [])[0].fate is Fate.DEFERRED


def test_an_outage_of_ours_is_held_against_no_exchanger(dns: NameServer) -> None:
    """It is over as soon as it is over."""
    answers = iter([refusing(rcode.SERVFAIL)])

    def root(asked: Message) -> bytes | None:
        return next(answers, refusing(rcode.NXDOMAIN))(asked)

    dns.answers["."] = root
    greetings = iter(["", ""])
    host = Host(address=FIRST, answer=lambda verb, _: next(greetings, None) if verb == "connect" else None)
    dns.answers[DOMAIN] = mx("10 first.hk.")
    outcomes = sent(dns, [host], *(parcel(number=number) for number in range(3)))
    # The second is the domain's own silence, after which it is left alone.
    assert [outcome.fate for outcome in outcomes] == [Fate.UNSENT, Fate.DEFERRED, Fate.DEFERRED]
    assert host.sessions == 2


def test_without_the_dns_there_is_no_way(dns: NameServer) -> None:
    with pytest.raises(MisconfiguredError, match="MAILER_DNS"):
        Direct("off", 10.0)
    assert dns.asked == []


# What we are led to.


@pytest.mark.parametrize("address", [FIRST, "10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "::ffff:127.0.0.2"])
def test_nobody_leads_us_into_our_own_network(dns: NameServer, address: str) -> None:
    host = Host(address=FIRST)
    for answers in ({DOMAIN: mx("10 first.hk."), "first.hk": at(address)}, {DOMAIN: at(address)}):
        dns.answers = answers
        outcomes: list[Outcome] = []

        async def act(direct: Direct, _: DirectConnection, outcomes: list[Outcome] = outcomes) -> None:
            public = Direct(dns.address, 10.0, port=direct.endpoint.port)
            outcomes.append(await public.connect().send(parcel(), nobody))

        trial(dns, [host], act)
        assert (outcomes[0].fate, outcomes[0].kind and outcomes[0].kind.key) == (Fate.DEFERRED, "unclear")
    assert host.sessions == 0


def test_an_address_that_is_not_public_is_passed_over(dns: NameServer) -> None:
    dns.answers[DOMAIN] = mx("10 first.hk.")
    dns.answers["first.hk"] = at(FIRST, SECOND, "::1")
    hosts = Host(address=FIRST), Host(address=SECOND)
    assert by_different_lines(dns, hosts, 6, permitted=SECOND.__eq__) == [Fate.SENT] * 6
    assert hosts[0].sessions == 0


def test_no_domain_is_told_to_the_log(dns: NameServer, capsys: pytest.CaptureFixture[str]) -> None:
    sent(dns, [], parcel(), parcel("ada@nowhere.edu.hk"))
    assert "".join(capsys.readouterr()) == ""


# One line for several.


def test_domains_with_one_exchanger_share_a_line(dns: NameServer) -> None:
    dns.answers |= {"one.hk": mx("10 first.hk."), "two.hk": mx("5 first.hk.", "10 second.hk.")}
    host = Host("PIPELINING", "ENHANCEDSTATUSCODES", address=FIRST)
    names = ["one.hk", "two.hk", "one.hk", "two.hk", "two.hk"]
    outcomes = sent(dns, [host], *(parcel(f"r{number}@{name}", number) for number, name in enumerate(names)))
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 5
    assert (host.sessions, len(host.letters)) == (1, 5)
    # Once both are known to go there, the next envelope rides behind a body.
    assert sum(b"\r\n.\r\nMAIL" in heard for heard in host.heard) >= 2


def test_what_goes_elsewhere_does_not_ride_behind_a_body(dns: NameServer) -> None:
    dns.answers |= {"one.hk": mx("10 first.hk."), "two.hk": mx("10 second.hk.")}
    hosts = [Host("PIPELINING", "ENHANCEDSTATUSCODES", address=address) for address in (FIRST, SECOND)]
    names = ["one.hk", "one.hk", "two.hk", "two.hk", "one.hk", "two.hk"]
    parcels = [parcel(f"r{number}@{name}", number) for number, name in enumerate(names)]
    outcomes = sent(dns, hosts, *parcels)
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 6
    came = [[letter.recipient.partition("@")[2] for letter in host.letters] for host in hosts]
    assert came == [["one.hk"] * 3, ["two.hk"] * 3]
    for host in hosts:
        assert all(letter.body.startswith(b"Subject: " + letter.recipient[1:2].encode()) for letter in host.letters)
        assert not host.talking, "left open for nobody"


def test_a_line_to_who_only_stands_in_for_others_is_not_good_enough(dns: NameServer) -> None:
    dns.answers |= {"one.hk": mx("10 second.hk."), "two.hk": mx("10 first.hk.", "20 second.hk.")}
    hosts = Host(address=FIRST), Host(address=SECOND)
    sent(dns, hosts, parcel("a@one.hk"), parcel("b@two.hk", 2))
    assert took(*hosts) == [1, 1]


def test_who_stands_in_does_so_for_the_same_exchangers(dns: NameServer) -> None:
    dns.answers["two.hk"] = mx("10 first.hk.", "20 second.hk.")
    hosts = Host(address=SECOND), Host(address=THIRD)
    outcomes = sent(dns, hosts, parcel(), parcel("b@two.hk", 2), parcel("c@two.hk", 3))
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 3
    assert (hosts[0].sessions, took(*hosts)) == (1, [3, 0])


def test_a_line_that_broke_is_opened_anew_or_elsewhere(dns: NameServer) -> None:
    """Its server goes away between two messages."""
    first, second = Host(address=FIRST), Host(address=SECOND)
    outcomes = []

    async def act(_: Direct, connection: DirectConnection) -> None:
        outcomes.append(await connection.send(parcel(), nobody))
        await first.__aexit__()
        await asyncio.sleep(0.05)
        outcomes.append(await connection.send(parcel(number=2), nobody))

    trial(dns, (first, second), act)
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 2
    assert took(first, second) == [1, 1]


def test_what_holds_a_body_back_is_told_as_it_is(dns: NameServer) -> None:
    class KeptError(Exception):
        pass

    def keep() -> None:
        raise KeptError

    host = Host(address=FIRST)

    async def act(_: Direct, connection: DirectConnection) -> None:
        with pytest.raises(KeptError):
            await connection.send(parcel(), keep)
        assert (await connection.send(parcel(number=2), nobody)).fate is Fate.SENT

    trial(dns, [host], act)
    assert [letter.whole for letter in host.letters][-1:] == [True]


@pytest.mark.parametrize(
    ("first", "second", "alone"),
    [("mx.evil.hk", "www.google.com", True), ("aspmx.l.google.com", "mx.evil.hk", False)],
)
def test_it_is_who_spoke_that_counts_not_who_was_asked_last(
    dns: NameServer, first: str, second: str, *, alone: bool
) -> None:
    """A domain may name anybody's host beside its own."""
    dns.answers[DOMAIN] = mx(f"10 {first}.", f"20 {second}.")
    dns.answers |= {first: at(FIRST), second: at(SECOND)}
    (outcome,) = sent(dns, [Host(address=FIRST, answer=says("connect", "421 4.7.0 too many connections"))])
    assert (outcome.code, outcome.alone) == (421, alone)
