"""What is refused to us and not to a reader: the campaign waits for a person, and nobody fails for it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from mailer import clock
from mailer.campaign import campaign as life
from mailer.campaign import proof, retention
from mailer.campaign.ledger import transition
from mailer.db.types import now_in
from mailer.i18n import EN
from mailer.installation import Installation
from mailer.model import Attempt, AuditEntry, Campaign, CampaignState, Delivery, DeliveryState, Suppression
from mailer.reply import CLASSES, SILENT
from mailer.report.figures import figures
from tests.worker.conftest import LIFETIME, MemoryTransport, Run, drained, states
from tests.worker.test_smtp import Server
from worker import claim
from worker.office import Office
from worker.record import record
from worker.route import Routes
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint
from worker.transport.smtp import Smtp

S = DeliveryState


def _refusal(key: str = "unproven") -> Outcome:
    return Outcome(Fate.UNSENT, 550, "5.7.26", "5.7.26 unauthenticated", after_body=True, kind=CLASSES[key])


def _answer(fate: Fate, key: str) -> Outcome:
    return Outcome(fate, 450, reply="not now", kind=CLASSES[key])


def _state(house: Installation, number: int) -> CampaignState:
    with house.database.read() as session:
        return session.get_one(Campaign, number).state


def _resume(house: Installation, number: int) -> None:
    with house.database.write() as session:
        life.resume(session, life.find(session, number), "Ada")


def _pauses(house: Installation) -> list[dict[str, Any]]:
    with house.database.read() as session:
        found = select(AuditEntry.detail).where(AuditEntry.action == "campaign.pause", AuditEntry.name == "twinletter")
        return [dict(detail) for detail in session.scalars(found)]


@pytest.mark.parametrize(
    ("step", "answer", "why"),
    [
        ("connect", "554 5.7.1 Your IP address has been blocked", "blocked"),
        ("MAIL", "530 5.7.0 Authentication required", "login"),
        ("RCPT", "550 5.7.1 Client host blocked using bl.example", "blocked"),
        ("DATA", "550 SPF check failed", "unproven"),
        ("body", "550 5.7.26 This mail is unauthenticated: DKIM failed", "unproven"),
    ],
)
def test_a_campaign_whose_mail_is_refused_to_us_pauses_itself_and_goes_on_when_told(
    house: Installation, sending: Campaign, office: Office, step: str, answer: str, why: str
) -> None:
    async def run(server: Server) -> None:
        listening = await asyncio.start_server(server.accept, "127.0.0.1", 0, limit=1 << 24)
        port = listening.sockets[0].getsockname()[1]
        smtp = Smtp(Endpoint("127.0.0.1", port), house.settings.smtp_timeout)
        office.routes = Routes(lambda _: smtp)
        await drained(office)
        listening.close()
        await server.end()

    asyncio.run(run(Server(step, answer)))
    assert _state(house, sending.id) is CampaignState.PAUSED
    assert states(house, sending.id) == {S.PENDING: 40}
    (pause,) = _pauses(house)
    assert (pause["why"], pause["code"], pause["reply"]) == (why, int(answer[:3]), answer[4:])
    assert pause["provider"]
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 0
        assert set(figures(session, sending.id).reasons(session)) == {why}
    _resume(house, sending.id)
    server = Server("", "")
    asyncio.run(run(server))
    assert states(house, sending.id) == {S.SENT: 40}
    assert len(server.kept) == 40


def test_the_rest_of_a_batch_is_not_even_tried(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    transport.answer = lambda _: _refusal()
    drain()
    with house.database.read() as session:
        lanes = session.scalar(select(func.count(Delivery.provider.distinct())))
    assert len(transport.sent) <= house.settings.connections * (lanes or 0) < 40
    assert states(house, sending.id) == {S.PENDING: 40}


def test_what_is_refused_again_after_somebody_resumed_waits_and_stops_nobody(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    """As one reader's server with rules of its own: each time that it says so, everybody else would wait."""
    transport.answer = lambda parcel: _refusal("policy") if parcel.delivery_id == 7 else Outcome(Fate.SENT, 250)
    drain()
    assert _state(house, sending.id) is CampaignState.PAUSED
    _resume(house, sending.id)
    drain()
    assert _state(house, sending.id) is CampaignState.SENDING
    assert states(house, sending.id) == {S.SENT: 39, S.DEFERRED: 1}
    assert len(_pauses(house)) == 1
    with house.database.write() as session:
        session.execute(update(Attempt).values(at=now_in(-LIFETIME - 1)))
        session.execute(update(Delivery).where(Delivery.state == S.DEFERRED).values(next_at=now_in(-1)))
    drain()
    with house.database.read() as session:
        assert figures(session, sending.id).reasons(session) == {"gave up: policy": 1}


@pytest.mark.parametrize("back", ["kept", "unreached", "silent", "strayed"])
def test_why_it_waited_is_to_be_seen_for_as_long_as_nothing_became_of_it(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run, back: str
) -> None:
    def reasons() -> dict[str, int]:
        with house.database.read() as session:
            return figures(session, sending.id).reasons(session)

    transport.answer = lambda _: _refusal()
    drain()
    before = reasons()
    assert before["unproven"] > 0
    _resume(house, sending.id)
    with house.database.write() as session:
        rows = [
            row
            for provider, number in claim.lanes(session)
            for row in claim.claim(session, number, provider, 40, "mine-1", 60.0)
        ]
        assert len(rows) == 40
        if back == "strayed":
            transition(session, S.SENDING, S.PENDING, [row.id for row in rows], claim="mine-1")
        else:
            gone = Outcome(Fate.UNSENT, reply="gone", unreached=True, kind=SILENT if back == "silent" else None)
            outcome = Outcome(Fate.KEPT) if back == "kept" else gone
            record(session, [(row, outcome) for row in rows], "mine-1", LIFETIME)
    assert states(house, sending.id) == {S.PENDING: 40}
    assert reasons()["unproven"] == before["unproven"]
    transport.answer = lambda _: Outcome(Fate.SENT, 250)
    drain()
    assert (states(house, sending.id), reasons()) == ({S.SENT: 40}, {})


def test_what_a_person_did_meanwhile_stays_so(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    def answer(_: Parcel) -> Outcome:
        if len(transport.sent) == 1:
            with house.database.write() as session:
                life.cancel(session, life.find(session, sending.id), "Ada")
        return _refusal()

    transport.answer = answer
    drain()
    assert _state(house, sending.id) is CampaignState.CANCELLED
    assert _pauses(house) == []


def test_a_test_mail_that_is_refused_to_us_has_failed(
    house: Installation, campaign: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        found = session.get_one(Campaign, campaign.id)
        number = proof.send(session, house.keys, found.edition, found.topic, EN, "ada@harbour.example", "Ada").id
    transport.answer = lambda _: _refusal()
    drain()
    assert states(house, number) == {S.FAILED: 1}
    assert _state(house, number) is CampaignState.FINISHED
    with house.database.write() as session:
        assert figures(session, number).reasons(session) == {"unproven": 1}
        assert retention.forget(session) == 1


@pytest.fixture
def unlearning(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A throttle that no answer slows down, so that everybody is asked for."""
    monkeypatch.setattr(office.throttle, "report", lambda *_: None)


@pytest.mark.usefixtures("unlearning")
@pytest.mark.parametrize("key", ["greylisted", "too-fast", "mailbox-full", "later"])
def test_what_is_put_off_comes_back_when_its_class_says(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run, key: str
) -> None:
    transport.answer = lambda _: _answer(Fate.DEFERRED, key)
    drain()
    wait = CLASSES[key].waits[0]
    with house.database.read() as session:
        rows = session.scalars(select(Delivery)).all()
        early = session.scalars(select(Delivery.id).where(Delivery.next_at < now_in(0.8 * wait - 30))).all()
        late = session.scalars(select(Delivery.id).where(Delivery.next_at > now_in(1.2 * wait))).all()
    assert {(row.state, row.reason, row.attempts) for row in rows} == {(S.DEFERRED, key, 1)}
    assert (list(early), list(late)) == ([], [])
    assert _state(house, sending.id) is CampaignState.SENDING


@pytest.mark.parametrize(("since", "state"), [(LIFETIME - 60, S.DEFERRED), (LIFETIME + 60, S.FAILED)])
def test_what_is_put_off_for_longer_than_its_lifetime_has_failed(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run, since: float, state: DeliveryState
) -> None:
    transport.answer = lambda _: _answer(Fate.DEFERRED, "greylisted")
    drain()
    with house.database.write() as session:
        session.execute(update(Attempt).values(at=now_in(-since)))
        session.execute(update(Delivery).values(next_at=now_in(-1)))
    drain()
    assert states(house, sending.id) == {state: 40}
    with house.database.read() as session:
        given_up = state is S.FAILED
        expected = "gave up: greylisted" if given_up else "greylisted"
        assert figures(session, sending.id).reasons(session) == {expected: 40}


@pytest.mark.usefixtures("unlearning")
def test_a_campaign_that_is_older_than_a_lifetime_gives_each_of_its_mails_a_whole_one(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(started_at=now_in(-10 * LIFETIME)))
    transport.answer = lambda _: _answer(Fate.DEFERRED, "later")
    drain()
    assert states(house, sending.id) == {S.DEFERRED: 40}


@pytest.mark.usefixtures("unlearning")
def test_a_workers_wrong_clock_ends_no_lifetime(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = clock.now
    monkeypatch.setattr(clock, "now", lambda: true() - timedelta(days=30))
    transport.answer = lambda _: _answer(Fate.DEFERRED, "later")
    for _ in range(2):
        drain()
        with house.database.write() as session:
            session.execute(update(Delivery).values(next_at=now_in(-1)))
    assert states(house, sending.id) == {S.DEFERRED: 40}
