from pathlib import Path

import pytest

from mailer import vault
from mailer.config import Settings
from mailer.errors import MisconfiguredError, NotFoundError
from mailer.model.subscriber import place


@pytest.fixture
def keys(chosen: Settings) -> vault.Vault:
    return vault.create(chosen.key_file, chosen.home)


def test_a_sealed_field_opens_to_what_was_sealed(keys: vault.Vault) -> None:
    ref = vault.new_ref()
    plain, wrapped = keys.new_data_key(place("data_key", ref))
    sealed = keys.seal(plain, "陳大文 𠮷", place("name", ref))
    with keys.open("test") as opener:
        assert opener.text(sealed, wrapped, place("name", ref)) == "陳大文 𠮷"
    assert "陳".encode() not in sealed


def test_a_field_moved_to_another_row_or_column_does_not_open(keys: vault.Vault) -> None:
    ref, other = vault.new_ref(), vault.new_ref()
    plain, wrapped = keys.new_data_key(place("data_key", ref))
    sealed = keys.seal(plain, "x", place("name", ref))
    with keys.open("test") as opener:
        # Not even right after the row that it was moved from.
        assert opener.text(sealed, wrapped, place("name", ref)) == "x"
        for wrong in (place("address", ref), place("name", other)):
            with pytest.raises(MisconfiguredError, match="does not open"):
                opener.text(sealed, wrapped, wrong)


def test_two_installations_share_no_index_and_no_token(keys: vault.Vault, tmp_path: Path) -> None:
    other = vault.create(tmp_path / "other", tmp_path / "home")
    assert keys.address_index("a@b.example") != other.address_index("a@b.example")
    assert keys.domain_index("b.example") != other.domain_index("b.example")
    assert keys.domain_index("b.example") != keys.address_index("b.example")
    with pytest.raises(NotFoundError):
        other.read_unsubscribe_token(keys.unsubscribe_token(vault.new_ref(), 1))


def test_a_token_says_whom_and_what_and_any_change_kills_it(keys: vault.Vault) -> None:
    ref = vault.new_ref()
    token = keys.unsubscribe_token(ref, 7)
    assert keys.read_unsubscribe_token(token) == (ref, 7)
    for position, letter in enumerate(token):
        changed = token[:position] + ("A" if letter != "A" else "B") + token[position + 1 :]
        with pytest.raises(NotFoundError):
            keys.read_unsubscribe_token(changed)
    for rubbish in ("", token[:-1], token + "A", token + "=", "é" * 50, "A" * 5000):
        with pytest.raises(NotFoundError):
            keys.read_unsubscribe_token(rubbish)


def test_a_key_file_that_others_can_read_is_refused(keys: vault.Vault, chosen: Settings) -> None:
    assert keys
    chosen.key_file.chmod(0o640)
    with pytest.raises(MisconfiguredError, match="chmod 600"):
        vault.unlock(chosen.key_file, chosen.home)


def test_a_key_file_that_is_none_is_said_to_be_none(chosen: Settings) -> None:
    for path in (chosen.key_file.parent, Path("/dev/null")):
        with pytest.raises(MisconfiguredError, match="is not a file"):
            vault.unlock(path, chosen.home)


def test_a_key_file_in_the_data_home_is_refused_even_through_a_link(chosen: Settings, tmp_path: Path) -> None:
    chosen.home.mkdir()
    (tmp_path / "door").symlink_to(chosen.home)
    for path in (chosen.home / "key", tmp_path / "door" / "key"):
        with pytest.raises(MisconfiguredError, match="inside the data home"):
            vault.create(path, chosen.home)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"installation": "x", "wrapping": [], "root": ""}',
        '{"installation": "x", "wrapping": {"1": "AA=="}, "root": "AA=="}',
    ],
)
def test_a_damaged_key_file_is_said_to_be_damaged(chosen: Settings, content: str) -> None:
    chosen.key_file.touch(mode=0o600)
    chosen.key_file.write_text(content)
    with pytest.raises(MisconfiguredError, match="damaged"):
        vault.unlock(chosen.key_file, chosen.home)


def test_a_key_file_is_never_overwritten(keys: vault.Vault, chosen: Settings) -> None:
    assert keys
    before = chosen.key_file.read_bytes()
    with pytest.raises(MisconfiguredError, match="exists already"):
        vault.create(chosen.key_file, chosen.home)
    assert chosen.key_file.read_bytes() == before
