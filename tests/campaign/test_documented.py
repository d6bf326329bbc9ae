"""docs/throttling.md says which limits are shipped, and how a warm-up grows."""

import re

from mailer.campaign import ramp
from mailer.campaign.defaults import DEFAULTS
from mailer.campaign.limit import FASTEST, MOST_CONNECTIONS
from mailer.resources import folder

PAGE = (folder("templates").parent / "docs" / "throttling.md").read_text(encoding="utf-8")


def test_each_provider_has_its_row_and_its_reason() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| (\d+) \| (.+) \|$", PAGE, flags=re.MULTILINE)
    shown = {name: (float(rate), int(connections)) for name, rate, connections, _ in rows}
    assert shown == {name: (terms.per_second, terms.connections) for name, terms in DEFAULTS.items()}
    assert all(len(reason.split()) > 5 for *_, reason in rows)
    # The page says so of all of them.
    assert not any(terms.capped or terms.quiet or terms.held for terms in DEFAULTS.values())


def test_a_warm_ups_days_are_all_there() -> None:
    days, most = (
        [int(n) for n in re.findall(r"\d+", line)]
        for line in re.findall(r"^\| (?:day|messages) \|(.+)$", PAGE, flags=re.MULTILINE)
    )
    assert most == [ramp.ceiling(day - 1) for day in days]
    assert days == list(range(1, len(days) + 1))
    assert ramp.ceiling(len(days)) is None


def test_how_limits_are_lifted_names_each_provider_and_the_highest_numbers() -> None:
    found = re.search(r"for provider in ([\w ]+)\ndo .* --rate (\d+) --connections (\d+) ", PAGE)
    assert found
    assert found[1].split() == list(DEFAULTS)
    assert (int(found[2]), int(found[3])) == (FASTEST, MOST_CONNECTIONS)
