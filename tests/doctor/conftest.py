"""An installation with a newsletter, under settings of a test's own, and a name server that knows nothing yet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from mailer import vault
from mailer.doctor.check import Check
from mailer.installation import Installation
from tests.nameserver import NameServer, serving

Under = Callable[..., Installation]


@pytest.fixture
def server() -> Iterator[NameServer]:
    with serving() as started:
        yield started


@pytest.fixture
def under(house: Installation, server: NameServer) -> Under:
    """The installation under other settings, asking our name server unless they say otherwise, with keys changed."""

    def call(*steps: vault.Step, **settings: object) -> Installation:
        for step in steps:
            vault.change(house.settings.key_file, house.settings.home, step)
        chosen = house.settings.model_copy(update={"dns": server.address} | settings)
        return replace(house, settings=chosen).renewed()

    return call


def states(checks: Sequence[Check]) -> Mapping[tuple[str, str], str]:
    """How each thing stands, by what it is."""
    return {(check.name, check.about): check.state.value for check in checks}


def says(checks: Sequence[Check], name: str) -> str:
    """What the only one of its kind says."""
    (found,) = (str(check.says) for check in checks if check.name == name)
    return found
