"""An installation with a newsletter, and colleagues with accounts."""

import pytest

from mailer import clock
from mailer.installation import Installation
from mailer.model import Staff, Topic

STAFF = ("Ada", "Bo", "Cy", "Tess")


@pytest.fixture
def staffed(house: Installation, topic: Topic, housed: dict[str, str]) -> dict[str, str]:
    """The settings that lead to it."""
    assert topic.id
    with house.database.write() as session:
        session.add_all(Staff(name=name, created_at=clock.now()) for name in STAFF)
    return housed
