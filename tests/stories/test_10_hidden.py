"""Providers that tell nobody how much they take: their pace is found, all are delivered, the others notice nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from statistics import median

import pytest
from sqlalchemy import select

from mailer.audience.enrol import enrol
from mailer.campaign import limit
from mailer.demo.organisation import AUTHOR
from mailer.demo.people import Person, people
from mailer.model import DeliveryState, Topic
from tests.patience import meanwhile, until
from tests.postmaster import TAKEN, Rule
from tests.sinks import Answer, Postmaster
from tests.stories.conftest import LOCAL_AT_LENGTH, SERVED, Record, Scene, Setting, come_due, judge

# What they say is theirs; neither counts against an address.
QQ_SAYS = "550 Ip frequency limited"
NETEASE_SAYS = "451 MI:SFQ mail frequency limited"
TOGETHER_A_SECOND = 30.0
SETTLED = 0.75


@dataclass(frozen=True)
class Form:
    """How a provider keeps its secret, how many readers it has, and up to how many a second we may try."""

    rule: Rule
    readers: int
    ceiling: float


QQ, NETEASE = "qq.com", "163.com"
FORMS = {
    "short": {
        QQ: Form(Rule(per_minute=30, minute=10.0, refusal=QQ_SAYS), 70, 16.0),
        NETEASE: Form(Rule(per_hour=40, minute=0.5, refusal=NETEASE_SAYS), 60, 16.0),
    },
    "long": {
        QQ: Form(Rule(per_minute=120, per_hour=7200, minute=60.0, refusal=QQ_SAYS), 1800, 8.0),
        NETEASE: Form(Rule(per_minute=60, per_hour=600, minute=5.0, refusal=NETEASE_SAYS), 1000, 8.0),
    },
}
SECONDS = {"short": 240.0, "long": 2400.0}


@pytest.mark.promise(9, 11)
@pytest.mark.parametrize("setting", [LOCAL_AT_LENGTH, SERVED], indirect=True)
def test_hidden_limits_are_found(setting: Setting, length: str, record_property: Record) -> None:
    forms = FORMS[length]
    with Postmaster({domain: form.rule for domain, form in forms.items()}) as postmaster:
        scene = setting(200, TOGETHER_A_SECOND, tick=1.0, sink=postmaster)
        _open(scene, forms)
        scene.hire("w1")
        scene.hire("w2")
        scene.begin()
        with meanwhile(partial(come_due, scene), 1.0):
            until(scene.finished, SECONDS[length])
        scene.dismiss()

        verdict = judge(scene)
        assert (verdict.missing, verdict.doubled) == (set(), set())
        assert set(verdict.states.values()) == {DeliveryState.SENT}, "somebody was given up for how fast we were"
        answers = postmaster.answered()
        refused = [answer for answer in answers if answer.said != TAKEN]
        assert {answer.said for answer in refused} == {QQ_SAYS, NETEASE_SAYS}, "a limit was never met"
        _others_noticed_nothing(answers, forms)
        if length == "long":
            settled = _settled(answers, forms[QQ].rule)
            assert settled >= SETTLED
            record_property("figures", f"{settled:.0%} of its limit after ten minutes, {len(refused)} refusals in all")


def _open(scene: Scene, forms: dict[str, Form]) -> None:
    """Readers at those providers beside the others, and the ceilings below which their pace is to be found."""
    with scene.house.database.write() as session:
        limit.change(session, "provider:qq", AUTHOR, per_second=forms[QQ].ceiling)
        limit.change(session, "provider:netease", AUTHOR, per_second=forms[NETEASE].ceiling)
    with scene.house.database.read() as session:
        topic = session.scalars(select(Topic)).one()
    for domain, form in forms.items():
        list(enrol(scene.house.database, scene.house.keys, topic, "story", _readers(domain, form.readers)))


def _readers(domain: str, n: int) -> Iterator[Person]:
    for number, person in enumerate(islice(people(n), n)):
        yield replace(person, address=f"reader-{number}@{domain}")


def _others_noticed_nothing(answers: list[Answer], forms: dict[str, Form]) -> None:
    others = [answer.at for answer in answers if _domain(answer) not in forms]
    slow = [answer.at for answer in answers if _domain(answer) in forms and answer.said == TAKEN]
    assert max(others) < median(slow)
    # And all together went not much slower than they may until the others were done.
    by_all = sum(min(others) <= answer.at <= max(others) for answer in answers)
    assert by_all / (max(others) - min(others)) > TOGETHER_A_SECOND / 2


def _domain(answer: Answer) -> str:
    return answer.recipient.rpartition("@")[2]


def _settled(answers: list[Answer], rule: Rule) -> float:
    """Of a limit by the minute, how much was used from its tenth minute on, up to the last that was full."""
    taken = [a.at for a in answers if _domain(a) == QQ and a.said == TAKEN]
    since, until_ = min(taken) + 10 * rule.minute, max(taken) - rule.minute
    minutes = (until_ - since) / rule.minute
    assert minutes > 2, "it was over too soon to tell"
    return sum(since <= at < until_ for at in taken) / minutes / rule.per_minute
