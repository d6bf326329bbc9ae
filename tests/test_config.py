import re
from pathlib import Path

import pytest

from mailer.config import Settings, environment, load
from mailer.errors import MisconfiguredError


def test_each_setting_is_documented() -> None:
    documented = re.findall(r"`MAILER_([A-Z_]+)`", (Path(__file__).parents[1] / "docs/settings.md").read_text())
    assert set(documented) >= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("web_port", "70000"),
        ("web_port", "eighty"),
        ("public_url", "http://letters.example"),
        ("public_url", "https://letters.example/path"),
        ("relay_url", "relay.example:25"),
        ("connections", "0"),
        ("log", "loud"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(MisconfiguredError, match=f"MAILER_{name.upper()}") as error:
        load(**{name: value})
    assert value == "0" or value not in str(error.value)


def test_a_lease_shorter_than_a_reply_may_take_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match="MAILER_LEASE"):
        load(lease=10, smtp_timeout=10)


def test_a_child_process_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch, chosen: Settings) -> None:
    for name, value in environment(chosen).items():
        monkeypatch.setenv(name, value)
    assert load() == chosen
