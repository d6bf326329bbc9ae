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

# Characters of these catalogues that only one of the two scripts has, and its quotation marks.
TRADITIONAL = set(
    "「」『』請資郵電這個庫沒檔鑰無會閱訂動時開網須錄結寫啟選備讀應內為暫間連頁訊後統構號經處於確復過機們級損壞數複誰試屬別運刪裏將語務夾紀擬計職員帳戶與簽標舊補題執較項從該"
    "設長親愛識檢傳線稱來絕併註製區塊譯種裝還頭鐘見對輸專鎖進點編條狀態預給遺發讓環變詳決驅斷認穩記產碼約蹤誤達縮緩敗樣現問幾總純虛離錯繼續說誌騰負責關權隱"
)
SIMPLIFIED = set(
    "“”‘’请资邮电这个库没档钥无会阅订动时开网须录结写启选备读应内为暂间连页讯统构号经处确复过机们级损坏数谁试属别运删将语务夹纪拟计职员帐户与签标旧补题执较项从该设长亲爱"
    "识检传线称来绝区块译种装还头钟见对输专锁进点编条状态预给遗发让环变详决驱断认稳记产码约踪误达缩缓败样现问几总纯虚离错继续说腾负责关权隐"
)

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
    keywords = {**DEFAULT_KEYWORDS, "say": None, "word": None}
    found = extract_from_dir(ROOT, methods, options, keywords)
    assert ids(template()) == {plain(entry[2]) for entry in found}, "run make messages"


def test_the_template_holds_what_mails_say() -> None:
    """In MJML a word is ``voice.word("…", …)``, which the gathering does not see everywhere."""
    said = {
        word
        for path in (ROOT / "templates" / "email").rglob("*.mjml")
        for word in re.findall(r"""\.word\(["'](.+?)["'],""", path.read_text(encoding="utf-8"))
    }
    assert said
    assert said <= ids(template())


def calls_in_the_code() -> Iterator[tuple[str, str, ast.Call]]:
    """Each call, behind its place and the name of what is called."""
    for folder in ("mailer", "worker"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", name, node


def test_every_error_is_marked_for_translation() -> None:
    family = {name for name, value in vars(errors).items() if isinstance(value, type)}
    found = [(where, call) for where, name, call in calls_in_the_code() if name in family]
    unmarked = [where for where, call in found if call.args and isinstance(call.args[0], ast.Constant)]
    assert not unmarked, "wrap the message in N_()"


def test_every_reason_is_marked_for_translation() -> None:
    found = [(where, call) for where, name, call in calls_in_the_code() if name == "bad"]
    assert found
    assert not [where for where, call in found if any(isinstance(arg, ast.JoinedStr) for arg in call.args)]
    written = [(where, arg) for where, call in found for arg in call.args if isinstance(arg, ast.Constant)]
    assert not [where for where, arg in written if isinstance(arg.value, str)], "wrap the reason in N_()"


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
    foreign = SIMPLIFIED if tag == ZH else TRADITIONAL
    wrong = [form for message in messages(catalogue(tag)) for form in forms(message.string) if foreign & set(form)]
    assert not wrong
