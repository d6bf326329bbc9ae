"""``mailer campaign`` and ``mailer queue`` as an operator types them."""

import json
import os
from typing import Any

import pytest
from sqlalchemy import select

from mailer import clock
from mailer.campaign.campaign import pause
from mailer.campaign.ledger import transition
from mailer.cli.main import app
from mailer.errors import WrongUsageError
from mailer.installation import Installation
from mailer.model import AuditEntry, Campaign, Delivery, DeliveryState
from tests.cli.conftest import Run, one_line

S = DeliveryState


@pytest.fixture
def ask(run: Run, housed: dict[str, str]) -> Any:
    """A command's JSON answer."""

    def call(*words: str) -> Any:
        done = run(*words, "--json", broker_url="filesystem://", **housed)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def test_a_campaign_from_its_making_to_its_end(ask: Any, campaign: Campaign) -> None:
    slug = campaign.edition.slug
    assert ask("campaign", "create", slug, "--again", "--uncertain", "resend", "--as", "Ada") == {"campaign": 2}
    assert ask("campaign", "start", "2", "--as", "Ada") == {"campaign": 2, "deliveries": 40}
    assert ask("campaign", "pause", "2", "--as", "Ada") == {"campaign": 2, "state": "paused"}
    assert ask("queue", "status")["campaigns"] == {"2": "paused"}
    assert ask("campaign", "resume", "2", "--as", "Ada") == {"campaign": 2, "state": "sending"}
    now = ask("queue", "status")
    assert (now["waiting"], now["worker_seen"]) == (40, None)
    assert ask("campaign", "cancel", "2", "--as", "Ada")["state"] == "cancelled"
    assert ask("campaign", "status", "2")["campaigns"][0]["deliveries"]["cancelled"] == 40
    assert ask("queue", "status")["waiting"] == 0


def _doubt(house: Installation, campaign: int, n: int) -> None:
    """Leave ``n`` of a campaign's deliveries in doubt."""
    with house.database.write() as session:
        ids = list(session.scalars(select(Delivery.id).where(Delivery.campaign_id == campaign).limit(n)))
        transition(session, S.PENDING, S.SENDING, ids, new_claim="a")
        transition(session, S.SENDING, S.UNCERTAIN, ids, claim="a", reason="no reply after the body")


def test_doubts_are_told_apart_by_campaign(ask: Any, house: Installation, sending: Campaign) -> None:
    ask("campaign", "create", sending.edition.slug, "--again", "--as", "Ada")
    ask("campaign", "start", "2", "--as", "Ada")
    _doubt(house, sending.id, 3)
    _doubt(house, 2, 5)
    for words, total, campaigns in (((), 8, {1, 2}), (("--campaign", "1"), 3, {1}), (("--campaign", "2"), 5, {2})):
        listed = ask("queue", "uncertain", *words)
        assert (listed["total"], len(listed["uncertain"])) == (total, total)
        assert {doubt["campaign"] for doubt in listed["uncertain"]} == campaigns
    assert ask("queue", "uncertain", "--campaign", "2", "--resend", "--as", "Ada") == {"settled": 5, "as": "pending"}
    assert [ask("queue", "uncertain", "--campaign", n)["total"] for n in ("1", "2", "3")] == [3, 0, 0]
    assert ask("queue", "status")["uncertain"] == 3


def test_doubts_are_listed_and_settled(ask: Any, house: Installation, sending: Campaign) -> None:
    _doubt(house, sending.id, 6)
    listed = ask("queue", "uncertain")
    assert listed["total"] == 6
    assert {d["reason"] for d in listed["uncertain"]} == {"no reply after the body"}
    assert ask("campaign", "report", str(sending.id))["reasons"] == {"no reply after the body": 6}
    assert ask("queue", "uncertain", "--as-sent", "--as", "Ada") == {"settled": 6, "as": "sent"}
    assert ask("queue", "uncertain") == {"uncertain": [], "total": 0}


def test_what_is_in_the_way_is_told(
    run: Run, ask: Any, housed: dict[str, str], house: Installation, sending: Campaign
) -> None:
    with house.database.write() as session:
        first = session.scalars(select(Delivery).order_by(Delivery.id)).first()
        assert first
        first.reason = "silent"
        provider = first.provider
    assert ask("queue", "status")["providers"][provider]["why"] == ["silent"]
    told = ask("campaign", "status")["campaigns"][0]
    assert (told["stopped"], told["waiting"]) == (None, {provider: "silent"})
    for words in (("queue", "status"), ("campaign", "status"), ("campaign", "status", "1")):
        assert "連線中斷" in run(*words, language="zh_HK", **housed).stdout
    with house.database.write() as session:
        pause(session, session.get_one(Campaign, sending.id), "twinletter", why="login", code=535, reply="5.7.8 no")
    told = ask("campaign", "status")["campaigns"][0]
    assert (told["stopped"], told["waiting"]) == ({"by": "twinletter", "why": "login", "reply": "535 5.7.8 no"}, {})
    line = run("campaign", "status", language="zh_HK", **housed).stdout.splitlines()[1]
    assert "停止者：twinletter；原因：" in line
    assert "[535 5.7.8 no]" in line
    ask("campaign", "resume", "1", "--as", "Ada")
    assert ask("campaign", "status")["campaigns"][0]["stopped"] is None
    ask("campaign", "pause", "1", "--as", "Ada")
    assert "Stopped by Ada\n" in run("campaign", "status", **housed).stdout


def test_lines_for_people_are_in_their_language(run: Run, housed: dict[str, str], sending: Campaign) -> None:
    assert sending
    shown = run("queue", "status", language="zh_HK", **housed)
    assert shown.returncode == 0
    assert "其他" in shown.stdout
    assert "寄送中" in run("campaign", "status", language="zh_HK", **housed).stdout


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("campaign", "create", "nowhere", "--as", "Ada"), 1, "nowhere"),
        (("campaign", "schedule", "1", "--at", "tomorrow", "--as", "Ada"), 2, "--at"),
        (("campaign", "schedule", "1", "--at", "2001-01-01 09:00", "--as", "Ada"), 1, "passed"),
        (("campaign", "schedule", "1", "--at", "9999-12-31 23:59-12:00", "--as", "Ada"), 2, "--at"),
        (("campaign", "pause", "1"), 2, "--as"),
        (("campaign", "resume", "1", "--as", "Ada"), 1, "“Draft”"),
        (("campaign", "create", b"wrap\xff", "--as", "Ada"), 2, "control character"),
        (("campaign", "create", "wrap-up", "--topic", b"\xff", "--as", "Ada"), 2, "control character"),
        (("campaign", "create", "wrap-up", "--newsletter", b"\xff", "--as", "Ada"), 2, "control character"),
        (("queue", "uncertain", "--as-sent", "--as", ""), 2, "name"),
        (("queue", "uncertain", "--resend", "--as-sent", "--as", "Ada"), 2, "Choose one"),
        (("queue", "uncertain", "--resend"), 2, "--as"),
        (("queue", "watch", "--every", "0"), 2, "--every"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, housed: dict[str, str], campaign: Campaign, words: tuple[str | bytes, ...], code: int, said: str
) -> None:
    assert campaign
    one_line(run(*words, **housed), code, said)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("name", [b"Ada\xff", "", "  ", "Ada\nLovelace", "Ada\u202e", "A" * 101, "A" * 100_000])
@pytest.mark.parametrize(
    "words",
    [
        ("campaign", "create", "wrap-up"),
        ("campaign", "schedule", "1", "--at", "2001-01-01 09:00"),
        ("campaign", "start", "1"),
        ("campaign", "pause", "1"),
        ("campaign", "resume", "1"),
        ("campaign", "cancel", "1"),
        ("queue", "uncertain", "--as-sent"),
    ],
)
def test_a_name_that_is_none_goes_on_no_record(words: tuple[str, ...], name: str | bytes) -> None:
    with pytest.raises(WrongUsageError):
        app([*words, "--as", os.fsdecode(name)], standalone_mode=False)


def test_a_name_is_recorded_as_it_is_meant(ask: Any, house: Installation, campaign: Campaign) -> None:
    ask("campaign", "cancel", str(campaign.id), "--as", " Ada   Lovelace ")
    with house.database.read() as session:
        assert session.scalars(select(AuditEntry.name).order_by(AuditEntry.id.desc())).first() == "Ada Lovelace"


@pytest.mark.databases("sqlite")
def test_a_moment_is_taken_and_shown_by_the_newsletters_clocks(
    run: Run, housed: dict[str, str], campaign: Campaign
) -> None:
    at = f"{clock.now().year + 1}-01-05"
    words = ("campaign", "schedule", str(campaign.id), "--at", f"{at} 01:00+00:00", "--as", "Ada")
    assert run(*words, **housed).stdout == f"Campaign {campaign.id} starts at {at} 09:00 HKT.\n"


@pytest.mark.databases("sqlite")
def test_a_state_in_a_complaint_is_in_the_persons_language(
    run: Run, housed: dict[str, str], campaign: Campaign
) -> None:
    said = run("campaign", "pause", str(campaign.id), "--as", "Ada", language="zh_HK", **housed).stderr
    assert "草稿" in said
    assert "Draft" not in said
    assert "draft" not in said


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("language", "name"), [("en_GB", "Chinese + English"), ("zh_HK", "中文 + 英文"), ("zh_CN", "中文 + 英语")]
)
def test_a_report_names_languages_in_the_persons_own(
    run: Run, housed: dict[str, str], sending: Campaign, language: str, name: str
) -> None:
    shown = run("campaign", "report", str(sending.id), language=language, **housed).stdout
    assert f"{name}  zh-Hant-HK+en-GB" in shown


def test_an_unapproved_edition_makes_no_campaign(
    run: Run, housed: dict[str, str], ask: Any, campaign: Campaign
) -> None:
    slug = campaign.edition.slug
    one_line(run("campaign", "create", slug, "--uncertain", "perhaps", "--as", "Ada", **housed), 2, "--uncertain")
    one_line(run("campaign", "create", slug, "--topic", "nothing", "--as", "Ada", **housed), 1, "news")
    one_line(run("campaign", "create", slug, "--newsletter", "nothing", "--as", "Ada", **housed), 1, slug)
    assert len(ask("campaign", "status")["campaigns"]) == 1


def test_an_edition_goes_to_a_topics_readers_once(
    run: Run, housed: dict[str, str], ask: Any, campaign: Campaign
) -> None:
    make = ("campaign", "create", campaign.edition.slug, "--as", "Ada")
    one_line(run(*make, **housed), 1, "--again")
    ask("campaign", "cancel", "1", "--as", "Ada")
    # Nobody got any of it.
    assert ask(*make) == {"campaign": 2}
    ask("campaign", "start", "2", "--as", "Ada")
    ask("campaign", "cancel", "2", "--as", "Ada")
    one_line(run(*make, **housed), 1, "2")
    assert ask(*make, "--again") == {"campaign": 3}


def test_a_campaign_that_nobody_could_unsubscribe_from_is_not_started(
    run: Run, housed: dict[str, str], campaign: Campaign
) -> None:
    nowhere = housed | {"public_url": "https://newsletter.example"}
    for words in (("start",), ("schedule", "--at=2099-01-01 09:00")):
        one_line(run("campaign", *words, str(campaign.id), "--as=Ada", **nowhere), 1, "MAILER_PUBLIC_URL")
