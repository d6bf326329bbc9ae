"""Han within another language is named as Chinese; Han is never slanted."""

from hypothesis import given
from hypothesis import strategies as st
from lxml import html as parser
from markupsafe import Markup

from mailer.render.han import name_han, upright
from mailer.render.markdown import html

SPAN = '<span lang="zh-Hant-HK" style="font-style:normal">'


def test_a_run_goes_with_its_punctuation_and_nothing_else() -> None:
    assert name_han("to Luk Au (鹿㘭) &amp; 《潮》！", "zh-Hant-HK") == (
        f"to Luk Au ({SPAN}鹿㘭</span>) &amp;amp; {SPAN}《潮》！</span>"
    )


def test_tags_and_their_values_are_left_alone() -> None:
    link = Markup('<a title="潮>汐">甲</a>')
    assert name_han(link, "zh-Hant-HK") == f'<a title="潮>汐">{SPAN}甲</span></a>'
    assert name_han("a … – ’ 。", "zh-Hant-HK") == "a … – ’ 。"


def test_han_is_dotted_instead_of_slanted() -> None:
    out = upright(html("*很* 與 *very*", "#a3471c"))
    assert out.count("font-style:normal;text-emphasis:filled dot") == 1
    assert "<em>very</em>" in out


@given(st.text(st.sampled_from("潮𨋢。 ab<>&\"'*[]()\n"), max_size=60))
def test_the_words_stay_the_same(source: str) -> None:
    before = html(source, "#a3471c")
    for after in (name_han(before, "zh-Hant-HK"), upright(before)):
        texts = [parser.fragment_fromstring(page, create_parent="div").text_content() for page in (before, after)]
        assert texts[0] == texts[1]
