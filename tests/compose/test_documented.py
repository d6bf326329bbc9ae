"""docs/editions.md lists every type of block with all its fields and data, and every template."""

import re

import pytest

from mailer.compose.blocks import FRONT, TYPES
from mailer.compose.data import Data, DigestCard, Figure, Link
from mailer.compose.template import TEMPLATES
from mailer.resources import folder

PAGE = (folder("templates").parent / "docs" / "editions.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (`\w+`|front matter) \| (.*) \|$", PAGE, flags=re.MULTILINE))
# What an item of a list is made of.
ITEMS: dict[str, type[Data]] = {"figures": Figure, "cards": DigestCard, "links": Link}


@pytest.mark.parametrize("name", TYPES)
def test_each_block_has_its_row(name: str) -> None:
    row = ROWS["front matter" if name == FRONT else f"`{name}`"]
    named = set(re.findall(r"`([\w.-]+)`", row))
    data = TYPES[name].data.model_fields
    wanted = {*TYPES[name].fixed, *data}
    for key, item in ITEMS.items():
        wanted |= set(item.model_fields) if key in data else set()
    assert wanted <= named
    mays = set(re.findall(r"\[`(\w+)`", row))
    assert {field for field, held in TYPES[name].fixed.items() if not held.must} <= mays
    assert not {field for field, held in TYPES[name].fixed.items() if held.must} & mays


def test_each_template_has_its_row() -> None:
    assert set(re.findall(r"^\| `([a-z]+-[a-z-]+)` \|", PAGE, flags=re.MULTILINE)) == set(TEMPLATES)
