"""Holes: only our own marks are holes, and what fills them is inert."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InvalidError
from mailer.render.holes import Form, Marks


def test_a_form_is_split_at_its_marks_and_filled_again() -> None:
    marks = Marks()
    form = marks.split(f"<a href='{marks.mark('web')}'>{marks.mark('greeting-en-GB')}</a>", {"web", "greeting-en-GB"})
    assert form.holes == ("web", "greeting-en-GB")
    assert form.fill_html({"web": "w", "greeting-en-GB": "<\"&'>"}) == "<a href='w'>&lt;&quot;&amp;&#x27;&gt;</a>"
    assert Form.load(form.stored()) == form


@given(st.lists(st.text(max_size=20), min_size=2, max_size=5), st.text(max_size=30))
def test_filling_is_joining_whatever_the_text_and_value(parts: list[str], value: str) -> None:
    marks = Marks()
    form = marks.split(marks.mark("x").join(parts), {"x"})
    assert form.fill({"x": value}) == value.join(parts)


def test_marks_of_another_rendering_are_plain_text() -> None:
    forged = Marks().mark("web") + "XPH-webXHP {{ web }} %(web)s %s"
    assert Marks().split(forged, {"web"}) == Form((forged,), ())


def test_a_value_that_looks_like_a_mark_stays_a_value() -> None:
    marks = Marks()
    form = marks.split(f"{marks.mark('a')}{marks.mark('b')}", {"a", "b"})
    assert form.fill({"a": marks.mark("b"), "b": "B"}) == marks.mark("b") + "B"


def test_unknown_missing_and_damaged_marks_are_refused() -> None:
    marks = Marks()
    mark = marks.mark("web")
    for form, needed in (
        (marks.mark("wep"), set()),
        ("no hole", {"web"}),
        (mark[:-1], set()),
        (mark.replace("-", "="), set()),
    ):
        with pytest.raises(InvalidError):
            marks.split(form, {"web"}, needed)


@given(st.lists(st.text(max_size=9), min_size=4, max_size=4), st.permutations(["a", "b", "a"]))
def test_what_is_settled_is_filled_for_everybody(parts: list[str], holes: list[str]) -> None:
    form = Form(tuple(parts), tuple(holes))
    settled = form.settled({"a": "A<"})
    assert settled.holes == ("b",)
    assert settled.fill({"b": "B"}) == form.fill({"a": "A<", "b": "B"})
    assert form.settled({}) == form


def test_a_hole_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        Form(("", ""), ("web",)).fill({})
