"""What is looked at once a variant is rendered: nothing that is mailed calls anybody."""

import pytest

from mailer.compose.check import Fault, demand
from mailer.errors import InvalidError
from mailer.i18n import EN
from mailer.model import Variant
from mailer.render.frozen import Frozen
from mailer.render.holes import Form
from mailer.render.inspect import foreign, inspect
from mailer.render.weight import Weight


def test_the_sample_calls_nobody(variants: dict[str, Variant], mode: str) -> None:
    frozen = Frozen.load(variants[mode], "https://news.example/web/1")
    assert "image:" in "".join(frozen.html.parts)
    assert inspect(frozen, Weight(mode, 1, 1)) == []


def test_a_host_is_named_with_the_place_that_calls_it_and_cannot_be_let_pass() -> None:
    none = Form(("",), ())
    html = Form(('<p>a</p><img alt="" src="https://spy.example/x.gif?', '">'), ("unsubscribe",))
    frozen = Frozen(EN, "Tide", "Ada", html, none, none, (), hosted=False, calendar=None)
    (found,) = inspect(frozen, Weight(EN, 1, 1))
    assert found.fault is Fault.FOREIGN_HOST
    assert "spy.example" in found.say(str)
    assert "<img src=https://spy" in found.say(str)
    with pytest.raises(InvalidError, match=r"spy\.example"):
        demand([found], [found.id])


def test_each_host_is_named_once_a_place() -> None:
    page = '<img src="https://a.example/1"><table background="https://b.example/2"></table>' * 2
    assert {host for host, _ in foreign(page)} == {"a.example", "b.example"}


def test_what_only_outlook_reads_is_looked_at() -> None:
    page = '<!--[if mso | IE]><table><tr><td background="https://spy.example/a"></td></tr></table><![endif]-->'
    assert [host for host, _ in foreign(page)] == ["spy.example"]
