"""The catalogues hold what the code says: every message, in each language, written as that language is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from mailer import errors
from mailer.chinese import HAN
from mailer.i18n import EN, HANS, INTERFACE, ZH

ROOT = Path(__file__).parents[1]
LOCALES = ROOT / "locales"
Id = str | tuple[str, ...]

PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]")
# What Chinese does not do: half-width punctuation behind Han, straight quotes or spaces beside it.
UNCHINESE = re.compile(rf'[{HAN}][,:;?!.()"]|["()][{HAN}]|[{HAN}] +\S|\S +[{HAN}]')

# Characters that only one of the two scripts has, among those that interfaces are full of.
TRADITIONAL_ONLY = set("這個們來時會說請電郵資料庫檔無關閱讀訂網頁紀錄備還點擊選項語繼續設應該號達權隱")
SIMPLIFIED_ONLY = set("这个们来时会说请电邮资库档无关阅读订网页纪录备还点击选项语继续设应该号达权隐")

every_language = pytest.mark.parametrize("tag", INTERFACE)
each_chinese = pytest.mark.parametrize("tag", [ZH, HANS])


def template() -> Catalog:
    with (LOCALES / "messages.pot").open("rb") as file:
        return read_po(file)


def catalogue(tag: str) -> Catalog:
    with (LOCALES / tag.replace("-", "_") / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file)


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def ids(catalog: Catalog) -> set[Id]:
    return {plain(message.id) for message in messages(catalog)}


def plain(value: object) -> Id:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else str(value)


def forms(value: object) -> tuple[str, ...]:
    """A text, or the singular and plural ones."""
    found = plain(value)
    return (found,) if isinstance(found, str) else found


def test_the_template_holds_what_the_code_says() -> None:
    with (LOCALES / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords = {**DEFAULT_KEYWORDS, "say": None}
    found = extract_from_dir(ROOT, methods, options, keywords)
    assert ids(template()) == {plain(entry[2]) for entry in found}, "run make messages"


def test_the_template_holds_what_mails_say() -> None:
    """In MJML a word is ``part.say("…")``, which the gathering does not see."""
    said = {
        word
        for path in (ROOT / "templates" / "email").rglob("*.mjml")
        for word in re.findall(r"""\.say\(["'](.+?)["']\)""", path.read_text(encoding="utf-8"))
    }
    assert said
    assert said <= ids(template())


def errors_in_the_code() -> Iterator[tuple[str, ast.Call]]:
    family = {name for name, value in vars(errors).items() if isinstance(value, type)}
    for folder in ("mailer", "worker"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in family:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_error_is_marked_for_translation() -> None:
    unmarked = [where for where, call in errors_in_the_code() if call.args and isinstance(call.args[0], ast.Constant)]
    assert not unmarked, "wrap the message in N_()"


@every_language
def test_each_language_has_every_message_and_no_other(tag: str) -> None:
    assert ids(catalogue(tag)) == ids(template())


@every_language
def test_nothing_is_empty_or_fuzzy(tag: str) -> None:
    catalog = catalogue(tag)
    assert not catalog.fuzzy
    unfinished = [message.id for message in messages(catalog) if message.fuzzy or not all(forms(message.string))]
    assert not unfinished


@every_language
def test_babel_finds_no_fault(tag: str) -> None:
    assert not [(message.id, faults) for message, faults in catalogue(tag).check()]


@every_language
def test_translations_have_the_placeholders_of_their_message(tag: str) -> None:
    wrong = [
        form
        for message in messages(catalogue(tag))
        for form in forms(message.string)
        if sorted(PLACEHOLDER.findall(form)) != sorted(PLACEHOLDER.findall(forms(message.id)[-1]))
    ]
    assert not wrong


@pytest.mark.parametrize(("tag", "plurals"), [(ZH, 1), (HANS, 1), (EN, 2)])
def test_headers_name_the_language_and_its_plural_forms(tag: str, plurals: int) -> None:
    catalog = catalogue(tag)
    assert (catalog.locale_identifier, catalog.num_plurals) == (tag.replace("-", "_"), plurals)


@each_chinese
def test_chinese_is_written_as_chinese(tag: str) -> None:
    wrong = [form for message in messages(catalogue(tag)) for form in forms(message.string) if UNCHINESE.search(form)]
    assert not wrong


@each_chinese
def test_each_chinese_keeps_to_its_script(tag: str) -> None:
    foreign = (SIMPLIFIED_ONLY - TRADITIONAL_ONLY) if tag == ZH else (TRADITIONAL_ONLY - SIMPLIFIED_ONLY)
    assert foreign
    wrong = [form for message in messages(catalogue(tag)) for form in forms(message.string) if foreign & set(form)]
    assert not wrong
