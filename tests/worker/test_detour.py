"""A way out that does not have us, or is not fit for use, among several and alone: who takes the mail, who waits."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import func, select, update

from mailer.campaign import campaign as life
from mailer.campaign import limit, route
from mailer.campaign.route import Way
from mailer.db.types import now_in
from mailer.installation import Installation
from mailer.model import Attempt, AuditEntry, Campaign, CampaignState, Delivery, DeliveryState, Route, Suppression
from mailer.reply import CLASSES
from tests.worker.conftest import LIFETIME, MemoryTransport, drained, states
from tests.worker.mailhost import Host
from worker.office import Office
from worker.route import Routes
from worker.transport import Transport
from worker.transport.endpoint import Endpoint, Security
from worker.transport.smtp import Smtp
from worker.transport.way import transport

S = DeliveryState
Send = Callable[..., None]
SIGNS_IN = "AUTH PLAIN"
_FEW = 5
"""Sessions: of more than one lane."""


def _closed(step: str, words: str) -> Host:
    """A relay that lets nobody in."""
    answers = {"AUTH": "235 2.7.0 welcome", step: words}
    return Host(SIGNS_IN, answer=lambda verb, _: answers.get(verb))


def _open() -> Host:
    return _closed("", "")


@pytest.fixture
def send(house: Installation, office: Office) -> Send:
    """One drain by these relays, each a route of its name, to its end or until there is ``enough`` to see."""

    def send(hosts: Mapping[str, Host], enough: Callable[[], bool] | None = None) -> None:
        asyncio.run(drain(hosts, enough))

    async def drain(hosts: Mapping[str, Host], enough: Callable[[], bool] | None) -> None:
        async with AsyncExitStack() as listening:
            for host in hosts.values():
                await listening.enter_async_context(host)
            office.routes = Routes(
                lambda way: Smtp(
                    Endpoint("127.0.0.1", hosts[way.name].port, Security.NONE, "ada", "horse"),
                    house.settings.smtp_timeout,
                )
            )
            await drained(office, enough=enough)

    return send


def _add(house: Installation, *names: str, **more: int | str) -> None:
    with house.database.write() as session:
        for name in names:
            route.add(session, house, name, f"smtps://{name}.example", "Ada", **more)  # type: ignore[arg-type]  # of several types


def _stands(house: Installation, campaign: Campaign) -> tuple[CampaignState, list[str]]:
    """The campaign's state, and why it paused itself."""
    with house.database.read() as session:
        pauses = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "campaign.pause"))
        return session.get_one(Campaign, campaign.id).state, [str(detail["why"]) for detail in pauses]


def _given_up(house: Installation) -> set[str | None]:
    """Why some have failed."""
    with house.database.read() as session:
        return {*session.scalars(select(Delivery.reason).where(Delivery.state == S.FAILED))}


def _blames_nobody(house: Installation) -> bool:
    with house.database.read() as session:
        return not any(session.scalar(select(func.count()).select_from(each)) for each in (Attempt, Suppression))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("AUTH", "535 5.7.8 Authentication credentials invalid"),
        ("AUTH", "534 5.7.9 this mechanism is too weak"),
        ("MAIL", "530 5.7.0 Authentication required"),
        ("connect", "554 5.7.1 Your IP address has been blocked"),
    ],
)
def test_one_relay_that_will_not_have_us_is_gone_around(
    house: Installation,
    sending: Campaign,
    send: Send,
    capfd: pytest.CaptureFixture[str],
    step: str,
    words: str,
) -> None:
    _add(house, "closed", weight=1000)
    _add(house, "open", weight=0)
    hosts = {"closed": _closed(step, words), "open": _open()}
    send(hosts)
    assert states(house, sending.id) == {S.SENT: 40}
    assert (hosts["closed"].letters, len(hosts["open"].letters)) == ([], 40)
    assert _stands(house, sending) == (CampaignState.FINISHED, [])
    assert _blames_nobody(house)
    logged = "".join(capfd.readouterr())
    assert logged.count("route.broken") == 1
    assert "horse" not in logged


@pytest.fixture
def sealed(house: Installation, office: Office) -> Callable[..., None]:
    """Makes a route whose password no key opens any more, as after a key file was lost; others take all they get."""
    others: dict[str, MemoryTransport] = {}

    def open_(way: Way) -> Transport:
        return transport(house, way) if way.secret else others.setdefault(way.name, MemoryTransport())

    def seal(name: str, **more: int) -> None:
        _add(house, name, username="ada", secret="horse", **more)  # noqa: S106 — of nobody
        with house.database.write() as session:
            session.execute(update(Route).where(Route.name == name).values(secret=b"x" * 40))

    office.routes = Routes(open_)
    return seal


def test_a_route_whose_password_does_not_open_is_gone_around_and_said_once(
    house: Installation,
    sending: Campaign,
    sealed: Callable[..., None],
    drain: Callable[..., bool],
    capfd: pytest.CaptureFixture[str],
) -> None:
    sealed("sealed", weight=1000)
    _add(house, "open", weight=0)
    drain()
    assert states(house, sending.id) == {S.SENT: 40}
    assert _blames_nobody(house)
    logged = "".join(capfd.readouterr())
    assert logged.count("route.broken") == 1
    assert "A sealed field does not open" in logged


def test_where_the_only_route_is_not_fit_the_campaign_waits_and_says_why(
    house: Installation, sending: Campaign, sealed: Callable[..., None], drain: Callable[..., bool]
) -> None:
    sealed("sealed")
    drain()
    assert states(house, sending.id) == {S.PENDING: 40}
    assert _stands(house, sending) == (CampaignState.PAUSED, ["unfit"])
    with house.database.write() as session:
        said = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "campaign.pause")).one()["reply"]
        assert str(said).startswith("A sealed field does not open")
        route.remove(session, "sealed", "Ada")
        life.resume(session, life.find(session, sending.id), "Ada")
    _add(house, "open")
    drain()
    assert states(house, sending.id) == {S.SENT: 40}


def test_where_none_will_have_us_the_campaign_waits_for_a_person_and_says_why_each_time(
    house: Installation, sending: Campaign, send: Send
) -> None:
    _add(house, "one", "two")
    for _ in range(2):
        send({name: _closed("AUTH", "535 5.7.8 who are you") for name in ("one", "two")})
        assert states(house, sending.id) == {S.PENDING: 40}
        with house.database.write() as session:
            life.resume(session, life.find(session, sending.id), "Ada")
    assert _stands(house, sending) == (CampaignState.SENDING, ["login", "login"])
    assert _blames_nobody(house)
    send({"one": _open(), "two": _open()})
    assert states(house, sending.id) == {S.SENT: 40}


@pytest.mark.parametrize(("left", "state"), [("used up", CampaignState.SENDING), ("held", CampaignState.PAUSED)])
def test_a_way_that_goes_on_by_itself_is_waited_for_and_one_that_is_held_is_not(
    house: Installation, sending: Campaign, send: Send, left: str, state: CampaignState
) -> None:
    _add(house, "closed", "open")
    with house.database.write() as session:
        if left == "held":
            limit.hold(session, "route:open", "Ada")
        else:
            limit.change(session, "route:open", "Ada", per_day=1)
    closed, open_ = _closed("AUTH", "535 5.7.8 who are you"), _open()
    send({"closed": closed, "open": open_}, lambda: bool(closed.sessions and open_.letters))
    assert _stands(house, sending)[0] is state
    assert states(house, sending.id)[S.SENT] == (left == "used up")
    assert _blames_nobody(house)


@pytest.mark.parametrize(
    ("step", "words", "key"),
    [
        ("connect", "450 4.7.1 Greylisted, come again", "greylisted"),
        ("connect", "421 4.7.0 Too many concurrent connections", "too-fast"),
        ("EHLO", "421 4.3.2 Try again later", "trouble"),
        ("MAIL", "450 4.7.1 Greylisted, come again", "greylisted"),
    ],
)
def test_who_is_told_to_come_later_does_within_a_lifetime(
    house: Installation,
    sending: Campaign,
    office: Office,
    send: Send,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    words: str,
    key: str,
) -> None:
    # The throttle would hold back most of them.
    monkeypatch.setattr(office.throttle, "report", lambda *_: None)
    _add(house, "later")
    host = _closed(step, words)
    send({"later": host}, lambda: host.sessions > _FEW)
    assert host.letters == []
    found = states(house, sending.id)
    assert found.keys() <= {S.PENDING, S.DEFERRED}
    first, *_ = CLASSES[key].waits
    with house.database.read() as session:
        waiting = session.scalars(select(Delivery).where(Delivery.state == S.DEFERRED)).all()
        due = session.scalars(select(Delivery.id).where(Delivery.next_at < now_in(0.8 * first - 30))).all()
    # Who knocked waits as the words say, and knocks no second time before.
    assert {(each.reason, each.attempts) for each in waiting} == {(key, 1)}
    assert (list(due), host.sessions) == ([], found[S.DEFERRED] if step != "MAIL" else host.sessions)
    assert _stands(house, sending) == (CampaignState.SENDING, [])
    with house.database.write() as session:
        session.execute(update(Attempt).values(at=now_in(-LIFETIME - 60)))
        session.execute(update(Delivery).where(Delivery.state == S.DEFERRED).values(next_at=now_in(-1)))
    send({"later": _closed(step, words)}, lambda: bool(_given_up(house)))
    assert _given_up(house) == {f"gave up: {key}"}
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 0


def test_a_relay_that_says_later_keeps_no_mail_from_another(house: Installation, sending: Campaign, send: Send) -> None:
    _add(house, "later", weight=1000)
    _add(house, "open", weight=0)
    hosts = {"later": _closed("connect", "421 4.3.2 going down"), "open": _open()}
    send(hosts)
    assert states(house, sending.id) == {S.SENT: 40}
    assert _blames_nobody(house)


def test_one_providers_way_that_says_later_keeps_the_others_from_nothing(
    house: Installation, sending: Campaign, send: Send
) -> None:
    assert sending
    _add(house, "for-gmail", provider="gmail")
    _add(house, "open")
    with house.database.read() as session:
        others = session.scalars(select(Delivery.id).where(Delivery.provider != "gmail")).all()
    hosts = {"for-gmail": _closed("connect", "450 4.7.1 Greylisted, come again"), "open": _open()}
    send(hosts, lambda: len(hosts["open"].letters) == len(others))
    with house.database.read() as session:
        left = session.execute(select(Delivery.provider, Delivery.state).distinct()).all()
    assert {state for provider, state in left if provider != "gmail"} == {S.SENT}
    assert {state for provider, state in left if provider == "gmail"} <= {S.DEFERRED, S.PENDING}
