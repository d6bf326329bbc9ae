"""Whether mail to strangers is encrypted, and to whom: TLS where it is to be had, and policies (MTA-STS)."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from dns import rcode

from mailer import clock, resolver
from tests.nameserver import NameServer, records, refusing, serving
from tests.worker.authority import Authority
from tests.worker.mailhost import Host
from tests.worker.policyhost import PolicyHost, publishing
from tests.worker.post import DOMAIN, FIRST, READER, SECOND, at, mx, nobody, parcel, sent, trial
from worker.transport import Fate, Outcome
from worker.transport.direct import Direct, DirectConnection

POLICY = "version: STSv1\nmode: {mode}\nmx: first.hk\nmx: *.mx.hk\nmax_age: 604800\n"
RECORD, PLACE = f"_mta-sts.{DOMAIN}", f"mta-sts.{DOMAIN}"


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with serving() as server:
        server.answers = {
            DOMAIN: mx("10 first.hk."),
            "first.hk": at(FIRST),
            "second.hk": at(SECOND),
            PLACE: at("127.0.0.1"),
        }
        yield server


@dataclass
class World:
    """A domain with a policy, what is trusted, and a moment that can be moved."""

    dns: NameServer
    host: PolicyHost
    authority: Authority
    monkeypatch: pytest.MonkeyPatch

    def publish(self, mode: str, version: str = "1") -> None:
        self.host.body = POLICY.format(mode=mode)
        self.announce(version)

    def announce(self, version: str) -> None:
        self.dns.answers[RECORD] = records(f'TXT "v=STSv1; id={version};"')

    def later(self, seconds: float) -> None:
        now = clock.monotonic
        self.monkeypatch.setattr(clock, "monotonic", lambda: now() + seconds)

    @property
    def settings(self) -> dict[str, object]:
        return {"ca_file": str(self.authority.file), "policy_port": self.host.port}

    def sent(self, *hosts: Host) -> Outcome:
        """What becomes of one message."""
        return sent(self.dns, hosts, **self.settings)[0]

    def after(self, change: Callable[[], None], *hosts: Host) -> list[Outcome]:
        """What becomes of two messages, by connections of their own, with something that happens between them."""
        outcomes = []

        async def act(direct: Direct, _: object) -> None:
            for meanwhile in (change, nobody):
                connection = direct.connect()
                outcomes.append(await connection.send(parcel(), nobody))
                await connection.close()
                meanwhile()

        trial(self.dns, hosts, act, **self.settings)
        return outcomes


@pytest.fixture
def world(dns: NameServer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with publishing(authority.server(PLACE)) as host:
        yield World(dns, host, authority, monkeypatch)


def encrypted(host: Host) -> list[bool]:
    return [letter.encrypted for letter in host.letters]


Shown = Callable[[Authority, Authority], ssl.SSLContext | None]
TRUSTED: Shown = lambda ours, _: ours.server("first.hk")  # noqa: E731 — one of a row
UNTRUSTED: dict[str, Shown] = {
    "foreign": lambda _, theirs: theirs.server("first.hk"),
    "expired": lambda ours, _: ours.server("first.hk", expired=True),
    "another's": lambda ours, _: ours.server("second.hk"),
    "by address": lambda ours, _: ours.server(FIRST),
}
ABSENT: Shown = lambda *_: None  # noqa: E731
ALL: dict[str, Shown] = {"trusted": TRUSTED, **UNTRUSTED, "absent": ABSENT}


@pytest.mark.parametrize("shown", ALL.values(), ids=ALL)
def test_without_a_policy_mail_is_encrypted_with_whoever_can(
    world: World, authority: Authority, stranger: Authority, shown: Shown
) -> None:
    host = Host(address=FIRST, tls=shown(authority, stranger))
    assert world.sent(host).fate is Fate.SENT
    assert encrypted(host) == [shown is not ABSENT]
    assert world.host.asked == []


@pytest.mark.parametrize("shown", ALL.values(), ids=ALL)
def test_a_policy_in_force_wants_proof(world: World, authority: Authority, stranger: Authority, shown: Shown) -> None:
    world.publish("enforce")
    host = Host(address=FIRST, tls=shown(authority, stranger))
    outcome = world.sent(host)
    if shown is TRUSTED:
        assert (outcome.fate, encrypted(host)) == (Fate.SENT, [True])
    else:
        assert (outcome.fate, outcome.unreached, host.letters) == (Fate.DEFERRED, False, [])
        assert not any(b"MAIL" in heard for heard in host.heard)
    assert world.host.asked == [f"{PLACE}:{world.host.port}/.well-known/mta-sts.txt"]


def test_a_policy_in_force_takes_who_proves_it_after_who_does_not(
    world: World, authority: Authority, stranger: Authority
) -> None:
    world.publish("enforce")
    world.dns.answers |= {DOMAIN: mx("10 first.hk.", "20 two.mx.hk."), "two.mx.hk": at(SECOND)}
    hosts = (
        Host(address=FIRST, tls=stranger.server("first.hk")),
        Host(address=SECOND, tls=authority.server("two.mx.hk")),
    )
    assert world.sent(*hosts).fate is Fate.SENT
    assert [len(host.letters) for host in hosts] == [0, 1]


@pytest.mark.parametrize("exchanger", ["second.hk", "a.b.mx.hk", "mx.hk"])
def test_a_policy_in_force_takes_nobody_whom_it_does_not_name(
    world: World, authority: Authority, exchanger: str
) -> None:
    world.publish("enforce")
    world.dns.answers |= {DOMAIN: mx(f"10 {exchanger}."), exchanger: at(FIRST)}
    host = Host(address=FIRST, tls=authority.server(exchanger))
    assert (world.sent(host).fate, host.sessions) == (Fate.DEFERRED, 0)


def test_a_policy_holds_for_who_takes_their_own_mail(world: World, authority: Authority) -> None:
    world.publish("enforce")
    world.dns.answers[DOMAIN] = at(FIRST)
    host = Host(address=FIRST, tls=authority.server(DOMAIN))
    assert (world.sent(host).fate, host.sessions) == (Fate.DEFERRED, 0)
    world.host.body = world.host.body.replace("first.hk", DOMAIN)
    host = Host(address=FIRST, tls=authority.server(DOMAIN))
    assert world.sent(host).fate is Fate.SENT


@pytest.mark.parametrize("shown", ALL.values(), ids=ALL)
def test_a_policy_on_trial_takes_everybody_and_tells(
    world: World, authority: Authority, stranger: Authority, shown: Shown, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish("testing")
    host = Host(address=FIRST, tls=shown(authority, stranger))
    outcomes = world.after(lambda: None, host)
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 2
    assert encrypted(host) == [shown is not ABSENT] * 2
    said = "".join(capsys.readouterr())
    assert said.count("policy.broken") == (shown is not TRUSTED), "told once, where there is something to tell"
    assert "school" not in said


def test_a_policy_on_trial_tells_of_whom_it_does_not_name(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.publish("testing")
    world.dns.answers[DOMAIN] = mx("10 second.hk.", "20 first.hk.")
    host = Host(address=SECOND)
    assert world.sent(host).fate is Fate.SENT
    assert "policy.broken" in "".join(capsys.readouterr())


def test_a_policy_of_nothing_is_none(world: World) -> None:
    world.publish("none")
    host = Host(address=FIRST)
    assert world.sent(host).fate is Fate.SENT


# What is published badly is as good as nothing, the first time.


def _redirected(world: World) -> None:
    world.host.status = 302
    world.host.headers["Location"] = f"https://{PLACE}:{world.host.port}/elsewhere"


def _html(world: World) -> None:
    world.host.headers["Content-Type"] = "text/html"


def _gone(world: World) -> None:
    world.host.status = 404


def _large(world: World) -> None:
    world.host.body += "more: of it\n" * 6000


def _rubbish(world: World) -> None:
    world.host.body = "mode: enforce"


def _elsewhere(world: World) -> None:
    world.dns.answers[PLACE] = at("127.0.0.77")


def _nowhere(world: World) -> None:
    del world.dns.answers[PLACE]


def _private(world: World) -> None:
    world.dns.answers[PLACE] = at("127.0.0.1", "10.0.0.1")


BAD = {
    "redirected": _redirected,
    "html": _html,
    "gone": _gone,
    "large": _large,
    "rubbish": _rubbish,
    "nobody there": _elsewhere,
    "no such host": _nowhere,
    "private": _private,
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
def test_what_is_no_policy_is_none(world: World, spoil: Callable[[World], None]) -> None:
    world.publish("enforce")
    spoil(world)
    host = Host(address=FIRST)
    assert (world.sent(host).fate, len(host.letters)) == (Fate.SENT, 1)


def test_a_policy_may_say_more_in_any_script(world: World) -> None:
    """RFC 8461 §3.2: what is unknown is left aside, and the rest holds."""
    world.publish("enforce")
    world.host.body += "more: 更多\n"
    host = Host(address=FIRST)
    assert (world.sent(host).fate, host.letters) == (Fate.DEFERRED, [])
    assert not any("elsewhere" in asked for asked in world.host.asked)


def test_a_policy_from_somebody_else_is_none(dns: NameServer, authority: Authority, stranger: Authority,
                                             monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    for shown in (stranger.server(PLACE), authority.server(DOMAIN), authority.server(PLACE, expired=True)):
        with publishing(shown) as where:
            world = World(dns, where, authority, monkeypatch)
            world.publish("enforce")
            assert world.sent(Host(address=FIRST)).fate is Fate.SENT
            assert where.asked == []


# Once found it holds.


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
def test_a_policy_that_was_found_holds_whatever_comes_instead(world: World, spoil: Callable[[World], None]) -> None:
    world.publish("enforce")

    def change() -> None:
        spoil(world)
        world.announce("2")
        # Records are asked for again, names that were found too.
        world.later(4000)

    outcomes = world.after(change, Host(address=FIRST))
    assert [outcome.fate for outcome in outcomes] == [Fate.DEFERRED] * 2


@pytest.mark.parametrize("answer", [refusing(rcode.NXDOMAIN), refusing(rcode.SERVFAIL), records('TXT "v=STSv1;"')])
def test_a_policy_outlives_its_record(world: World, answer: Callable[..., bytes]) -> None:
    world.publish("enforce")

    def change() -> None:
        world.dns.answers[RECORD] = answer
        world.later(4000)

    outcomes = world.after(change, Host(address=FIRST))
    assert [outcome.fate for outcome in outcomes] == [Fate.DEFERRED] * 2


def test_a_policy_ends_with_its_age(world: World) -> None:
    world.publish("enforce")

    def change() -> None:
        _gone(world)
        world.later(604_801)

    outcomes = world.after(change, Host(address=FIRST))
    assert [outcome.fate for outcome in outcomes] == [Fate.DEFERRED, Fate.SENT]


def test_a_new_policy_takes_the_place_of_the_old(world: World) -> None:
    world.publish("enforce")

    def change() -> None:
        world.publish("none", "2")
        world.later(4000)

    outcomes = world.after(change, Host(address=FIRST))
    assert [outcome.fate for outcome in outcomes] == [Fate.DEFERRED, Fate.SENT]


@pytest.mark.parametrize(("hours", "times"), [(1, 1), (23, 1), (25, 2)])
def test_a_policy_is_fetched_anew_each_day_while_it_holds(world: World, hours: int, times: int) -> None:
    """Lest it ends while its host is away."""
    world.publish("enforce")
    world.after(lambda: world.later(hours * 3600), Host(address=FIRST))
    assert len(world.host.asked) == times


@pytest.mark.parametrize(("seconds", "times"), [(200, 1), (400, 2)])
def test_what_could_not_be_fetched_is_left_alone_for_five_minutes(world: World, seconds: int, times: int) -> None:
    world.publish("enforce")
    _gone(world)
    world.after(lambda: world.later(seconds), Host(address=FIRST))
    assert len(world.host.asked) == times


def test_one_fetch_is_enough_for_all_that_wait(world: World, authority: Authority) -> None:
    world.publish("enforce")
    host = Host(address=FIRST, tls=authority.server("first.hk"))

    async def act(direct: Direct, _: DirectConnection) -> None:
        connections = [direct.connect() for _ in range(8)]
        outcomes = await asyncio.gather(*(each.send(parcel(), nobody) for each in connections))
        assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 8
        await asyncio.gather(*(each.close() for each in connections))

    trial(world.dns, [host], act, **world.settings)
    assert len(world.host.asked) == 1


# A line that is open is as good as it was proved to be.


def test_a_line_in_the_clear_is_not_for_who_wants_proof(world: World, authority: Authority) -> None:
    world.publish("enforce")
    world.dns.answers["free.hk"] = mx("10 first.hk.")
    host = Host(address=FIRST, tls=authority.server("first.hk"))
    outcomes = sent(world.dns, [host], parcel("a@free.hk"), parcel(READER, 2), parcel("a@free.hk", 3), **world.settings)
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 3
    # What was proved for one is good for the other.
    assert host.sessions == 2


def test_a_slow_policy_host_costs_half_of_the_time_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mail goes in the other half."""
    monkeypatch.setattr(resolver, "SECONDS", 1.0)
    world.publish("enforce")
    world.dns.answers[PLACE] = at("127.0.0.1")

    host = Host(address=FIRST)
    silent = Host(address="127.0.0.1", answer=lambda *_: "220-")

    async def act(direct: Direct, _: DirectConnection) -> None:
        slow = Direct(
            world.dns.address, 2.0, port=direct.endpoint.port, policy_port=direct.endpoint.port,
            ca_file=str(world.authority.file), permitted=direct.permitted,
        )  # fmt: skip
        assert (await slow.connect().send(parcel(), nobody)).fate is Fate.SENT

    trial(world.dns, [host, silent], act)
    assert silent.sessions == 1
