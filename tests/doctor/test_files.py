"""The data home, the key file and the withdrawals file, as they are found; none of them is changed."""

import shutil
from typing import NamedTuple

import pytest

from mailer.doctor import files
from mailer.installation import Installation
from tests.doctor.conftest import says, states

pytestmark = pytest.mark.databases("sqlite")


class _Usage(NamedTuple):
    free: int


def test_what_is_as_it_should_be_is_fine(house: Installation) -> None:
    assert set(states(files.data(house.settings)).values()) == {"fine"}
    keys, check = files.keys(house.settings)
    assert keys is not None
    assert check.state == "fine"


def test_a_home_that_is_not_there_is_not_made(house: Installation) -> None:
    nowhere = house.settings.home / "nowhere"
    (check,) = files.data(house.settings.model_copy(update={"home": nowhere}))
    assert (check.name, check.state) == ("home", "broken")
    assert "mailer init" in str(check.says)
    assert not nowhere.exists()


def test_a_home_that_others_look_into_is_said_and_left_as_it_is(house: Installation) -> None:
    home = house.settings.home
    home.chmod(0o755)
    checks = files.data(house.settings)
    assert states(checks)["home", str(home)] == "look"
    assert "chmod 700" in says(checks, "home")
    assert home.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(("free", "state"), [(2_000_000_000, "fine"), (300_000_000, "look"), (1_000_000, "broken")])
def test_a_disk_that_is_filling_up_is_said(
    house: Installation, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(free))
    checks = files.data(house.settings)
    assert states(checks)["space", str(house.settings.home)] == state
    assert f"{free // 10**6} MB" in says(checks, "space")


def test_wishes_that_could_not_be_put_down_are_said(house: Installation) -> None:
    house.settings.withdrawals.mkdir()
    checks = files.data(house.settings)
    assert states(checks)["withdrawals", str(house.settings.withdrawals)] == "broken"
    assert "unsubscribe" in says(checks, "withdrawals")


def test_a_key_file_that_cannot_be_used_is_said_as_commands_say_it(house: Installation) -> None:
    settings = house.settings
    settings.key_file.chmod(0o644)
    keys, check = files.keys(settings)
    assert (keys, check.state) == (None, "broken")
    assert "chmod 600" in str(check.says)
    assert settings.key_file.stat().st_mode & 0o777 == 0o644
    inside = settings.key_file.rename(settings.home / "key")
    assert "inside the data home" in str(files.keys(settings.model_copy(update={"key_file": inside}))[1].says)
    assert "no key file" in str(files.keys(settings)[1].says)
