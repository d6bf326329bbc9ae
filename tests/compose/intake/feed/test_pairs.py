"""Posts in several languages that are one and the same."""

from datetime import UTC, datetime

from mailer.compose.intake.feed.pairs import headline, joined
from mailer.compose.intake.feed.post import Post
from mailer.compose.intake.notes import Notes
from mailer.i18n import EN, ZH

MOMENT = datetime(2026, 11, 3, 15, 30, 5, tzinfo=UTC)


def post(language: str, path: str, moment: datetime | None = None, *alternates: str) -> Post:
    named = frozenset(f"tide.example{each}" for each in alternates)
    return Post(language, f"https://tide.example{path}", f"{language} {path}", "", moment, named)


def together(*posts: Post) -> tuple[list[set[str]], str]:
    """The paths that belong together, and what was said of them."""
    notes = Notes()
    groups = joined(posts, notes)
    paths = [{each.url.removeprefix("https://tide.example") for each in group.values()} for group in groups]
    return paths, " ".join(each.say(str) for each in notes.oddities())


def test_what_names_its_translation_is_joined_either_way_round() -> None:
    assert together(post(ZH, "/a", None, "/b"), post(EN, "/b")) == ([{"/a", "/b"}], "")
    assert together(post(ZH, "/a"), post(EN, "/b", None, "/a", "/b")) == ([{"/a", "/b"}], "")


def test_addresses_that_differ_in_language_alone_are_joined() -> None:
    assert together(post(ZH, "/zh/a"), post(EN, "/en/a"), post(EN, "/en/b")) == ([{"/zh/a", "/en/a"}, {"/en/b"}], "")
    assert together(post(ZH, "/a"), post(EN, "/a"))[0] == [{"/a"}]


def test_one_moment_joins_and_is_said_to_have_done_so() -> None:
    paths, said = together(post(ZH, "/shek", MOMENT), post(EN, "/steps", MOMENT), post(EN, "/tide"))
    assert paths == [{"/shek", "/steps"}, {"/tide"}]
    assert f"{ZH} /shek = {EN} /steps" in said


def test_two_of_one_language_at_one_moment_are_not_guessed_at() -> None:
    paths, said = together(post(ZH, "/shek", MOMENT), post(EN, "/steps", MOMENT), post(EN, "/tide", MOMENT))
    assert paths == [{"/shek"}, {"/steps"}, {"/tide"}]
    assert said == ""


def test_a_day_without_a_time_is_no_moment() -> None:
    midnight = datetime(2026, 11, 3, tzinfo=UTC)
    assert len(together(post(ZH, "/shek", midnight), post(EN, "/steps", midnight))[0]) == 2


def test_posts_of_one_language_are_never_one() -> None:
    assert len(together(post(EN, "/en/a", MOMENT, "/en/b"), post(EN, "/en/b", MOMENT))[0]) == 2
    paths, _ = together(post(ZH, "/zh/a", None, "/x"), post(EN, "/en/a"), post(EN, "/x"))
    assert paths == [{"/zh/a", "/x"}, {"/en/a"}]


def test_three_languages_become_one() -> None:
    paths, _ = together(post(ZH, "/zh/a"), post(EN, "/tides", None, "/zh/a"), post("fr", "/fr/a"))
    assert paths == [{"/zh/a", "/tides", "/fr/a"}]


def test_a_post_is_called_by_its_title_else_by_its_address() -> None:
    bare = Post(ZH, "https://tide.example/a", "", "", None)
    assert headline({ZH: bare}) == "https://tide.example/a"
    assert headline({ZH: bare, EN: post(EN, "/a")}) == "en-GB /a"
