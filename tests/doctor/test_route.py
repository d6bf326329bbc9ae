"""Routes are tried as a worker would use them, against real servers; no mail is named."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mailer.campaign import route
from mailer.doctor.check import Check
from mailer.doctor.route import Met, Trial, judged, routes
from mailer.installation import Installation
from mailer.model import Route
from mailer.vault import new_ref
from tests.doctor.conftest import Under, states
from tests.worker.authority import Authority
from tests.worker.mailhost import Host

pytestmark = pytest.mark.databases("sqlite")
NAME, SECRET = "office-of-ada", "correct horse battery"
BY = "Ada"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def add(house: Installation, name: str, address: str, *, signs_in: bool = False, **options: str) -> None:
    who = {"username": NAME, "secret": SECRET} if signs_in else {}
    with house.database.write() as session:
        route.add(session, house, name, address, BY, **who, **options)  # type: ignore[arg-type]  # all are texts


def tried(house: Installation, hosts: Sequence[Host], lead: Callable[[], None]) -> dict[str, Check]:
    """What is said of each route once the hosts listen and ``lead`` has added what leads to them."""

    async def main() -> list[Check]:
        async with AsyncExitStack() as stack:
            for host in hosts:
                await stack.enter_async_context(host)
            lead()
            return await asyncio.to_thread(routes, house)

    return {check.about: check for check in asyncio.run(main())}


def _to(host: Host, scheme: str = "smtp") -> str:
    return f"{scheme}://127.0.0.1:{host.port}"


def test_a_server_that_lets_us_in_is_fine_and_hears_of_no_mail(under: Under, authority: Authority) -> None:
    said: list[str] = []

    def answer(verb: str, _: str) -> str | None:
        said.append(verb)
        return "235 2.7.0 welcome" if verb == "AUTH" else None

    house = under()
    host = Host("AUTH PLAIN LOGIN", answer=answer, tls=authority.server())
    ca_file = str(authority.file)
    found = tried(house, [host], lambda: add(house, "main", _to(host, "smtp+starttls"), signs_in=True, ca_file=ca_file))
    assert states(list(found.values())) == {("route", "main"): "fine"}
    assert "signed in" in str(found["main"].says)
    assert said == ["connect", "EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]


def test_each_thing_that_keeps_us_out_has_its_own_words(under: Under, authority: Authority, tmp_path: Path) -> None:
    def refusing(verb: str, _: str) -> str | None:
        return f"535 5.7.8 {NAME} is not who you are" if verb == "AUTH" else None

    right = Host("AUTH PLAIN", answer=refusing, tls=authority.server())
    expired = Host(tls=authority.server(expired=True))
    another = Host(tls=authority.server("192.0.2.1"))
    plain = Host("AUTH PLAIN")
    unwelcome = Host(answer=lambda verb, _: "554 5.7.1 your address is on a list" if verb == "connect" else None)
    stranger = Host(answer=lambda verb, _: "HTTP/1.1 400 Bad Request" if verb == "connect" else None)
    silent = Host(answer=lambda *_: None, speak=lambda *_: asyncio.sleep(60))
    house = under(smtp_timeout=5.0)
    ca_file = str(authority.file)
    (tmp_path / "rubbish.pem").write_bytes(authority.file.read_bytes())

    def lead() -> None:
        add(house, "password", _to(right, "smtp+starttls"), signs_in=True, ca_file=ca_file)
        add(house, "mechanism", _to(right, "smtp+starttls"), signs_in=True, ca_file=ca_file, mechanism="XOAUTH2")
        add(house, "expired", _to(expired, "smtp+starttls"), ca_file=ca_file)
        add(house, "another", _to(another, "smtp+starttls"), ca_file=ca_file)
        add(house, "unknown-authority", _to(right, "smtp+starttls"))
        add(house, "no-starttls", _to(plain, "smtp+starttls"))
        add(house, "wrong-port", _to(plain, "smtps"))
        add(house, "unwelcome", _to(unwelcome))
        add(house, "strange", _to(stranger))
        add(house, "silent", _to(silent))
        add(house, "gone", "smtp://127.0.0.1:1")
        add(house, "no-host", f"smtp://{'x' * 64}.example")
        add(house, "no-authorities", _to(right, "smtp+starttls"), ca_file=str(tmp_path / "rubbish.pem"))
        (tmp_path / "rubbish.pem").write_text("no certificate any more")
        add(house, "sealed", _to(right, "smtp+starttls"), signs_in=True)
        with house.database.write() as session:
            sealed = session.scalars(select(Route.secret).where(Route.name == "sealed")).one()
            assert sealed is not None
            session.execute(update(Route).where(Route.name == "sealed").values(secret=sealed[:-1] + b"?"))

    words = {
        "password": "does not take the name and password: 535 5.7.8",
        "mechanism": "it offers: PLAIN",
        "expired": "has expired",
        "another": "not to be trusted, so nothing is sent: IP address mismatch",
        "unknown-authority": "not to be trusted, so nothing is sent: unable to get",
        "no-starttls": "does not offer STARTTLS",
        "wrong-port": "No encrypted line",
        "unwelcome": "does not want us: 554 5.7.1 your address is on a list",
        "strange": "does not speak SMTP",
        "silent": "does not answer in time",
        "gone": "127.0.0.1:1 cannot be reached: Connection refused",
        "no-host": "There is no server of the name",
        "no-authorities": "rubbish.pem",
        "sealed": "cannot be opened",
    }
    found = tried(house, [right, expired, another, plain, unwelcome, stranger, silent], lead)
    assert {name: check.state for name, check in found.items()} == dict.fromkeys(words, "broken")
    for name, word in words.items():
        assert word in str(found[name].says), name
    # Each kind in a sentence of its own, and of who we are not a word.
    assert len({check.says.message for check in found.values()}) == len(words) - 1
    assert not any(secret in str(check.says) for check in found.values() for secret in (NAME, SECRET))


def test_a_line_that_is_not_the_best_is_pointed_out(under: Under, authority: Authority) -> None:
    house = under()
    open_, offering = Host(), Host("AUTH PLAIN", tls=authority.server())

    def lead() -> None:
        add(house, "open", _to(open_))
        add(house, "nameless", _to(offering, "smtp+starttls"), ca_file=str(authority.file))

    found = tried(house, [open_, offering], lead)
    # In the clear, but on this machine.
    assert states(list(found.values())) == {("route", "open"): "fine", ("route", "nameless"): "look"}
    assert "offers to sign in (PLAIN)" in str(found["nameless"].says)


@pytest.mark.parametrize(
    ("trial", "state", "word"),
    [
        (Trial("far", "mx.example:25"), "look", "whoever is on the way"),
        (Trial("far", "mx.example:25", starttls=True), "look", "use smtp+starttls://"),
        (Trial("far", "mx.example:465", encrypted=True), "fine", "lets us in"),
        (Trial("far", "mx.example:25", Met.OVERHEARD), "broken", "in the clear"),
        (None, "broken", "could not be tried"),
    ],
)
def test_of_a_server_elsewhere_it_counts_how_the_line_is(trial: Trial | None, state: str, word: str) -> None:
    check = judged("far", trial)
    assert (check.about, check.state) == ("far", state)
    assert word in str(check.says)


@pytest.mark.parametrize("met", Met)
def test_only_being_let_in_is_not_broken(met: Met) -> None:
    check = judged("near", Trial("near", "127.0.0.1:25", met, here=True))
    assert (check.state == "fine") == (met is Met.LET_IN)


def test_the_relay_of_the_settings_is_tried_where_no_route_is_for_everything(under: Under) -> None:
    host = Host()

    async def main() -> list[Check]:
        async with host:
            return await asyncio.to_thread(routes, under(relay_url=_to(host)))

    assert states(asyncio.run(main())) == {("route", "relay"): "fine"}
    assert states(routes(under(relay_url="smtp://127.0.0.1:1"))) == {("route", "relay"): "broken"}


@pytest.mark.parametrize(
    ("name", "dns", "state"),
    [("mail.example.org", "system", "fine"), ("mail", "system", "look"), ("mail.example.org", "off", "broken")],
)
def test_a_direct_route_wants_the_dns_and_a_full_name(
    under: Under, monkeypatch: pytest.MonkeyPatch, name: str, dns: str, state: str
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: name)
    house = under(dns=dns)
    with house.database.write() as session:
        session.add(Route(name="straight", url="direct:", ref=new_ref(), data_key=b""))
    assert states(routes(house)) == {("route", "straight"): state}
