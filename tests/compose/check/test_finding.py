"""What was found has a name: the same as long as what it speaks of is the same."""

import subprocess
import sys

from mailer.compose.check import Fault, Finding, findings
from mailer.i18n import EN, ZH
from mailer.model import Edition
from tests.compose.conftest import Make, block, in_

TEXTS = {ZH: {"body": "潮水退了。"}, EN: {"body": "The tide is [out][now]."}}
OTHER = {ZH: {"body": "書還在。"}, EN: {"body": "The books stayed."}}


def _one(edition: Edition) -> Finding:
    (found,) = findings(edition)
    return found


def _write(edition: Edition, key: str, tag: str, body: str) -> Edition:
    text = next(text for text in in_(edition, key).texts if text.locale == tag)
    text.fields = {"body": body}
    return edition


def test_it_is_eight_hex_digits_and_the_same_in_every_process() -> None:
    found = Finding(Fault.HEAVY, "", "", EN, {"mode": EN, "size": 600})
    assert len(found.id) == 8
    assert int(found.id, 16) >= 0
    asked = (
        "from mailer.compose.check import Fault, Finding;"
        f"print(Finding(Fault.HEAVY, '', '', '{EN}', {{'size': 600, 'mode': '{EN}'}}).id)"
    )
    assert subprocess.check_output([sys.executable, "-c", asked], text=True).strip() == found.id


def test_every_part_of_it_makes_another() -> None:
    found = [
        Finding(Fault.HALF_WIDTH, "letter", "body", ZH, {"words": "a"}),
        Finding(Fault.DASHES, "letter", "body", ZH, {"words": "a"}),
        Finding(Fault.HALF_WIDTH, "share", "body", ZH, {"words": "a"}),
        Finding(Fault.HALF_WIDTH, "letter", "ps", ZH, {"words": "a"}),
        Finding(Fault.HALF_WIDTH, "letter", "body", "yue-Hant-HK", {"words": "a"}),
        Finding(Fault.HALF_WIDTH, "letter", "body", ZH, {"words": "b"}),
        Finding(Fault.HALF_WIDTH, "letter", "body", ZH, {"words": "a"}, ({"body": "a"},)),
    ]
    assert len({each.id for each in found}) == len(found)


def test_it_is_another_once_its_text_or_that_text_s_source_has_changed_and_no_other(make: Make) -> None:
    def edition() -> Edition:
        return make(block("letter", "letter", TEXTS), block("share", "share", OTHER))

    first = _one(edition())
    assert first.fault is Fault.TYPED_LINK
    assert _one(_write(edition(), "share", EN, "The books stayed here.")).id == first.id
    assert _one(_write(edition(), "letter", EN, "The tide is [out][now]!")).id != first.id
    moved = findings(_write(edition(), "letter", ZH, "潮水漲了。"))
    assert first.id not in {each.id for each in moved}
    assert Fault.TYPED_LINK in {each.fault for each in moved}


def test_what_is_found_in_a_source_stays_when_its_translation_changes(make: Make) -> None:
    def edition() -> Edition:
        return make(block("letter", "letter", {ZH: {"body": "潮水,退了。"}, EN: {"body": "The tide."}}))

    assert _one(edition()).id == _one(_write(edition(), "letter", EN, "The tide is out.")).id


def test_all_is_said_in_the_order_of_the_blocks(make: Make) -> None:
    letter = block("letter", "letter", {ZH: {"body": "多謝您,讀者。"}, EN: {"body": "[a][b]"}})
    share = block("share", "share", {ZH: {"body": "潮水--退了。"}, EN: {"body": "[c](#)"}})
    found = [each.block for each in findings(make(letter, share))]
    assert found == sorted(found)
    assert set(found) == {"letter", "share"}


def test_it_is_another_once_the_address_in_a_block_s_data_has_changed(make: Make) -> None:
    def found(parameter: str) -> Finding:
        links = {"links": [{"name": "Harbour", "url": f"https://harbour.example/?email={parameter}"}]}
        return _one(make(block("social", "social", {}, links)))

    first, other = found("ada@harbour.example"), found("bo@harbour.example")
    assert first.fault is Fault.PERSONAL_LINK
    assert other.id != first.id
    # Nobody is told whose it is.
    assert "ada@" not in first.say(str)
