import pytest

from mailer import i18n
from mailer.i18n import EN, HANS, ZH


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-HK", ZH),
        ("zh-TW,en;q=0.5", ZH),
        ("zh-CN", HANS),
        ("zh-SG,zh;q=0.5", HANS),
        ("zh-Hans", HANS),
        ("zh-Hans-HK", HANS),
        ("zh-Hant", ZH),
        # CLDR's own parser makes Simplified of these, and refuses the two below.
        ("zh-Hant-CN", ZH),
        ("zh-Hant-SG", ZH),
        ("zh-Hant-US", ZH),
        ("zh-yue", ZH),
        ("zh-MY", HANS),
        ("en", EN),
        ("en-US", EN),
        ("zh-MO", ZH),
        ("yue", ZH),
        ("zh", ZH),
        ("en-US,en;q=0.9,zh;q=0.8", EN),
        ("fr, en;q=0.3, zh;q=0.7", ZH),
        ("en;q=0, zh-HK;q=0.1", ZH),
        ("en;q=rubbish", ZH),
        ("en;q=nan, en;q=2, en;q=-1", ZH),
        ("de, *;q=0.5", ZH),
        ("*", ZH),
        ("", ZH),
        (",;=,;;" * 500, ZH),
    ],
)
def test_a_browser_gets_the_language_it_asks_for(header: str, language: str) -> None:
    assert i18n.negotiate(header, i18n.INTERFACE, ZH) == language


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("zh-Hant-CN", "zh-Hant-HK"),
        ("zh-SG", "zh-Hans"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh-MO", "zh-Hant-HK"),
        ("de", None),
    ],
)
def test_scripts_are_told_apart_by_the_raw_tag(tag: str, found: str | None) -> None:
    assert i18n.match(tag, ["zh-Hant-HK", "zh-Hans", "en-GB"]) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("zh-Hant-HK", "zh-Hant-HK"),
        ("zh-Hant-HK+en-GB", "zh-Hant-HK+en-GB"),
        ("en-US+zh-TW", "en-GB+zh-Hant-HK"),
        ("zh-Hans", "zh-Hant-HK"),
        ("zh-Hans+zh-Hant-HK", "zh-Hant-HK"),
        ("de+en-GB", "en-GB"),
        ("en-GB+de", "en-GB"),
        ("de+fr", None),
        ("", None),
    ],
)
def test_a_reader_gets_the_mode_that_comes_nearest(wanted: str, found: str | None) -> None:
    assert i18n.nearest(wanted, i18n.modes([ZH, EN])) == found


@pytest.mark.parametrize("tag", ["zh-Hant-HK", "zh-TW", "zh-CN", "zh", "yue", "zh-yue-HK"])
def test_with_one_chinese_every_chinese_reader_gets_it(tag: str) -> None:
    assert i18n.match(tag, [EN, ZH]) == ZH
    texts = {ZH: "《潮信》", EN: "Tideline"}
    assert i18n.best(texts, HANS) == i18n.best(texts, "zh-SG") == (ZH, "《潮信》")
    assert i18n.best(texts, EN) == (EN, "Tideline")


def test_where_no_text_fits_the_first_is_shown() -> None:
    assert i18n.best({ZH: "《潮信》", HANS: "《潮信》"}, EN) == (ZH, "《潮信》")
    assert i18n.best({EN: "Tideline"}, HANS) == (EN, "Tideline")


@pytest.mark.parametrize(
    ("posix", "language"),
    [
        ("zh_CN.UTF-8", HANS),
        ("zh_SG", HANS),
        ("zh_HK.UTF-8", ZH),
        ("zh_TW", ZH),
        ("zh", ZH),
        ("en_US.UTF-8", EN),
        ("C.UTF-8", EN),
        ("de_AT@euro", EN),
        ("", EN),
    ],
)
def test_commands_speak_the_terminals_language(posix: str, language: str) -> None:
    assert i18n.terminal(posix) == language


def test_languages_name_themselves_and_no_two_chinese_ones_alike() -> None:
    assert [i18n.self_name(tag) for tag in (ZH, EN, "fil-PH")] == ["中文", "English", "Filipino"]
    assert i18n.self_name(i18n.AUTOMATIC) == "简体中文"
    assert i18n.self_name("zh-Hant-TW") == "繁體中文（台灣）"
    assert i18n.self_name("zh-Hant-MO") == "繁體中文（澳門）"
    tags = [ZH, HANS, i18n.AUTOMATIC, "zh-Hant", "zh-Hant-TW", "zh-Hant-MO", "zh-Hans-SG", "zh-Hans-MY", "yue"]
    assert len({i18n.self_name(tag) for tag in tags}) == len(tags)
    assert not any("特別" in i18n.self_name(tag) for tag in tags)
