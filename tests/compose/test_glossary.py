"""The glossary: as a file, and as a check of texts."""

from pathlib import Path

import pytest

from mailer.compose import glossary
from mailer.compose.check import Fault, Severity, findings
from mailer.compose.glossary import lost_terms, read, written, wrong_forms
from mailer.demo import organisation
from mailer.errors import InvalidError
from mailer.i18n import EN, ZH
from mailer.model import Term
from tests.compose.conftest import Make, block

HEAD = "en,zh,forbidden,protected,note\n"


def _term(en: str, zh: str, *forbidden: str) -> Term:
    return Term(en=en, zh=zh, forbidden=list(forbidden), hans=None)


def _cells(terms: list[Term]) -> list[tuple[str, str, list[str], str | None, str]]:
    return [(term.en, term.zh, term.forbidden, term.hans, term.note) for term in terms]


def _file(tmp_path: Path, content: str, *, mark: bool = False) -> Path:
    path = tmp_path / "glossary.csv"
    path.write_text(content, encoding="utf-8-sig" if mark else "utf-8")
    return path


@pytest.mark.parametrize("mark", [True, False])
def test_a_file_is_read_with_a_byte_order_mark_and_without(tmp_path: Path, *, mark: bool) -> None:
    row = 'Tideline,《潮信》,"The Tide; 潮訊；潮讯",潮信,"a name, not a word"\r\n\r\n'
    assert _cells(read(_file(tmp_path, HEAD + row, mark=mark))) == [
        ("Tideline", "《潮信》", ["The Tide", "潮訊", "潮讯"], "潮信", "a name, not a word")
    ]


def test_columns_may_stand_in_any_order_and_be_left_out(tmp_path: Path) -> None:
    assert _cells(read(_file(tmp_path, "ZH, en\n潮,tide\n"))) == [("tide", "潮", [], None, "")]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    terms = read(_file(tmp_path, HEAD + '"a ""b"", c",甲,d; e,乙,"f, g"\n,丙,,丙,\n'))
    (tmp_path / "again.csv").write_bytes(written(terms))
    assert _cells(read(tmp_path / "again.csv")) == _cells(terms)
    assert (tmp_path / "again.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("", 1, "columns"),
        ("english,chinese\na,b\n", 1, "columns"),
        ("en,zh,zh\na,b,c\n", 1, "columns"),
        (HEAD + "tide,潮\n", 2, "2 columns"),
        (HEAD + "a,甲,,,\n,,x,,\n", 3, "en or zh"),
        (HEAD + "tide,,,汐,\n", 2, "protected"),
        (HEAD + "tide,潮,tide,,\n", 2, "forbidden at once"),
        (HEAD + "a,甲,,,\n\na,甲,,,\n", 4, "twice"),
        (HEAD + "a,甲,,x,\nb,甲,,y,\n", 3, "twice"),
        (HEAD + '"a\nb",甲,,,\n', 3, "one line"),
        (HEAD + "a,甲,,,\n" + "x" * 201 + ",乙,,,\n", 3, "200"),
        (HEAD + '"a"b,甲,,,\n', 2, "not CSV"),
        (HEAD + "a\x00,甲,,,\n", 2, "control"),
    ],
)
def test_a_fault_is_named_with_file_and_line(tmp_path: Path, content: str, line: int, says: str) -> None:
    with pytest.raises(InvalidError, match=rf"^glossary\.csv, line {line}: .*{says}"):
        read(_file(tmp_path, content))


def test_big5_is_refused(tmp_path: Path) -> None:
    (tmp_path / "glossary.csv").write_bytes("en,zh\ntide,潮\n".encode("big5"))
    with pytest.raises(InvalidError, match=r"line 2: .*UTF-8"):
        read(tmp_path / "glossary.csv")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tidewater Library is open", ["Tidewater Library"]),
        ("the **tidewater** library’s dogs", ["Tidewater Library"]),
        ("[x](https://tidewater-library.example/)", []),
        ("Tidewater Reading Room", []),
        # A right form shields the wrong one inside it.
        ("the Great Tidewater Library Cup", []),
        ("a cat; cats; the cat's", ["cat"]),
        ("category, concatenate, bobcat", []),
        ("書舍的cat在", ["cat"]),
        ("CAT, T\u0130dewater L\u0130brary", ["cat"]),
    ],
)
def test_a_forbidden_form_is_found_as_a_word_of_its_own(text: str, found: list[str]) -> None:
    terms = [
        _term("Tidewater Reading Room", "潮汐書舍", "Tidewater Library", "cat"),
        _term("Great Tidewater Library Cup", "大潮盃"),
    ]
    assert [form for _, form, _ in wrong_forms(terms, {"body": text}, EN)] == found


@pytest.mark.parametrize(
    ("text", "found"), [("側魚涌見", ["側魚涌"]), ("鰂魚涌見", []), ("書舍", ["書舍"]), ("潮汐書舍", [])]
)
def test_forbidden_chinese_needs_no_space_around_it(text: str, found: list[str]) -> None:
    terms = [_term("Quarry Bay", "鰂魚涌", "側魚涌"), _term("Tidewater Reading Room", "潮汐書舍", "書舍")]
    assert list(wrong_forms(terms, {"body": text}, ZH)) == [
        ("body", form, "鰂魚涌" if "魚" in form else "潮汐書舍") for form in found
    ]


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("潮汐書舍在鰂魚涌。", "The Tidewater Reading Room is in Quarry\nBay.", []),
        ("潮汐書舍在鰂魚涌。", "The Tidewater Reading Room is here.", [("鰂魚涌", "Quarry Bay")]),
        ("看《潮信》", "Read **Tideline**’s", []),
        ("潮汐", "Tide", []),
        ("潮汐書舍", "The tide is out", [("潮汐書舍", "Tidewater Reading Room")]),
        ("沒有名字", "No names", []),
    ],
)
def test_a_translation_has_the_counterpart_of_each_term(
    source: str, translation: str, lost: list[tuple[str, str]]
) -> None:
    terms = [
        _term("Tidewater Reading Room", "潮汐書舍"),
        _term("Quarry Bay", "鰂魚涌"),
        _term("Tideline", "《潮信》"),
        _term("tide", "潮汐"),
        _term("", "沒有"),
    ]
    assert list(lost_terms(terms, {"body": source}, ZH, {"body": translation}, EN)) == lost
    # Other languages have no forms in it.
    assert list(lost_terms(terms, {"body": source}, ZH, {"body": translation}, "fil-PH")) == []


def test_english_sources_are_checked_as_well() -> None:
    terms = [_term("Quarry Bay", "鰂魚涌"), _term("Quarry Bay", "鰂涌")]
    assert list(lost_terms(terms, {"body": "Quarry Bay"}, EN, {"body": "鰂涌"}, ZH)) == []
    assert list(lost_terms(terms, {"body": "Quarry Bay"}, EN, {"body": "灣"}, ZH)) == [("Quarry Bay", "鰂魚涌")]


def test_both_are_warnings_of_an_edition(make: Make) -> None:
    texts = {ZH: {"body": "潮汐書舍見"}, EN: {"body": "See you at the Tidewater Library"}}
    terms = [_term("Tidewater Reading Room", "潮汐書舍", "Tidewater Library")]
    found = findings(make(block("share", "share", texts), terms=terms))
    assert [(each.fault, each.severity, each.block, each.field, each.locale) for each in found] == [
        (Fault.FORBIDDEN, Severity.WARNING, "share", "body", EN),
        (Fault.LOST, Severity.WARNING, "share", "", EN),
    ]
    assert all("Tidewater Reading Room" in each.say(str) for each in found)


def test_the_demo_organisation_has_one(tmp_path: Path) -> None:
    terms = read(Path(organisation.__file__).with_name("glossary.csv"))
    assert glossary.protected(terms)["𠮷叔"] == "𠮷叔"
    assert {"潮汐書舍", "鰂魚涌"} <= {term.zh for term in terms}
    (tmp_path / "copy.csv").write_bytes(written(terms))
    assert _cells(read(tmp_path / "copy.csv")) == _cells(terms)
