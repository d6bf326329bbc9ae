"""``mailer campaign`` and ``mailer queue`` as an operator types them."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from mailer.campaign.ledger import transition
from mailer.installation import Installation
from mailer.model import Campaign, Delivery, DeliveryState
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
    assert ask("campaign", "create", slug, "--uncertain", "resend", "--as", "Ada") == {"campaign": 2}
    assert ask("campaign", "start", "2", "--as", "Ada") == {"campaign": 2, "deliveries": 40}
    assert ask("campaign", "pause", "2", "--as", "Ada") == {"campaign": 2, "state": "paused"}
    assert ask("queue", "status")["campaigns"] == {"2": "paused"}
    assert ask("campaign", "resume", "2", "--as", "Ada") == {"campaign": 2, "state": "sending"}
    now = ask("queue", "status")
    assert (now["waiting"], now["worker_seen"]) == (40, None)
    assert ask("campaign", "cancel", "2", "--as", "Ada")["state"] == "cancelled"
    assert ask("campaign", "status", "2")["campaigns"][0]["deliveries"]["cancelled"] == 40
    assert ask("queue", "status")["waiting"] == 0


def test_doubts_are_listed_and_settled(ask: Any, house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        ids = list(session.scalars(select(Delivery.id)))[:6]
        transition(session, S.PENDING, S.CLAIMED, ids, new_claim="a")
        transition(session, S.CLAIMED, S.SENDING, ids, claim="a")
        transition(session, S.SENDING, S.UNCERTAIN, ids, claim="a", reason="no reply after the body")
    listed = ask("queue", "uncertain")
    assert listed["total"] == 6
    assert {d["reason"] for d in listed["uncertain"]} == {"no reply after the body"}
    assert ask("campaign", "report", str(sending.id))["reasons"] == {"no reply after the body": 6}
    assert ask("queue", "uncertain", "--as-sent", "--as", "Ada") == {"settled": 6, "as": "sent"}
    assert ask("queue", "uncertain") == {"uncertain": [], "total": 0}


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
        (("campaign", "schedule", "1", "--at", "2001-01-01 09:00", "--as", "Ada"), 1, "past"),
        (("campaign", "pause", "1"), 2, "--as"),
        (("campaign", "resume", "1", "--as", "Ada"), 1, "draft"),
        (("queue", "uncertain", "--resend", "--as-sent", "--as", "Ada"), 2, "Choose one"),
        (("queue", "uncertain", "--resend"), 2, "--as"),
        (("queue", "watch", "--every", "0"), 2, "--every"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, housed: dict[str, str], campaign: Campaign, words: tuple[str, ...], code: int, said: str
) -> None:
    assert campaign
    one_line(run(*words, **housed), code, said)


def test_an_unapproved_edition_makes_no_campaign(
    run: Run, housed: dict[str, str], ask: Any, campaign: Campaign
) -> None:
    slug = campaign.edition.slug
    one_line(run("campaign", "create", slug, "--uncertain", "perhaps", "--as", "Ada", **housed), 2, "--uncertain")
    one_line(run("campaign", "create", slug, "--topic", "nothing", "--as", "Ada", **housed), 1, "news")
    one_line(run("campaign", "create", slug, "--newsletter", "nothing", "--as", "Ada", **housed), 1, slug)
    assert len(ask("campaign", "status")["campaigns"]) == 1
