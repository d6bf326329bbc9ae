"""The sample editions are what this system asks of others: nothing is wrong with them."""

from pathlib import Path

import pytest

from mailer.compose.check import Fault, findings
from mailer.compose.edition import build
from mailer.compose.folder import read
from mailer.compose.glossary import read as glossary
from mailer.render.preview import preview, ready, stand_in
from tests.samples import FOLDERS

TERMS = next(iter(FOLDERS.values())).parents[1] / "glossary.csv"


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=lambda folder: folder.name)
def test_nothing_is_wrong_with_it(folder: Path) -> None:
    draft = read(folder)
    edition = build(stand_in(draft, glossary(TERMS)), draft, "")
    found = findings(edition) + [each for mode in ready(edition) for each in preview(edition, mode, str).findings]
    # Two posts are about a language, and written in it alone.
    assert [each.say(str) for each in found if each.fault is not Fault.BORROWED] == []
