import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailer import clock, vault
from mailer.errors import MisconfiguredError
from mailer.vault.rotation import made

DOMAIN = "letters.example"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key file for all: keys take their time."""
    folder = tmp_path_factory.mktemp("dkim")
    vault.create(folder / "key", folder / "home", made(DOMAIN, vault.Algorithm.RSA, vault.KeyState.SIGNING))
    return folder


def _key(folder: Path) -> vault.DkimKey:
    (key,) = vault.unlock(folder / "key", folder / "home").dkim
    return key


def test_what_the_key_signs_its_record_verifies(folder: Path) -> None:
    key = _key(folder)
    assert (key.domain, key.algorithm) == (DOMAIN, "rsa-sha256")
    assert re.fullmatch(rf"tl{clock.now():%Y}-[0-9a-f]{{6}}\._domainkey\.{DOMAIN}", key.record_name)
    tags = dict(tag.split("=", 1) for tag in key.record_value.split("; "))
    assert tags.keys() == {"v", "k", "p"}
    assert (tags["v"], tags["k"]) == ("DKIM1", "rsa")
    public = load_der_public_key(base64.b64decode(tags["p"], validate=True))
    assert isinstance(public, RSAPublicKey)
    assert public.key_size == 2048
    public.verify(key.sign(b"letter"), b"letter", PKCS1v15(), SHA256())


def test_the_line_of_the_zone_holds_strings_that_dns_can_carry(folder: Path) -> None:
    key = _key(folder)
    name, kind, strings = re.fullmatch(r"(\S+)\. IN (TXT) (.*)", key.zone_line).groups()  # type: ignore[union-attr]
    assert (name, kind) == (key.record_name, "TXT")
    found = re.findall(r'"([^"]*)"', strings)
    assert "".join(found) == key.record_value
    assert len(found) > 1
    assert max(map(len, found)) <= 255


def test_the_private_half_is_not_shown(folder: Path) -> None:
    assert "private" not in repr(_key(folder))
    assert (folder / "key").stat().st_mode & 0o077 == 0


def test_a_key_file_from_before_still_unlocks(folder: Path, tmp_path: Path) -> None:
    ring = json.loads((folder / "key").read_text())
    del ring["dkim"]
    _write(tmp_path / "key", ring)
    assert vault.unlock(tmp_path / "key", tmp_path / "home").dkim == []


@pytest.mark.parametrize(
    "change",
    [{"private": "AAAA"}, {"private": "no base64"}, {"private": None}, {"algorithm": "rot13"}, {"selector": ...}],
)
def test_a_damaged_key_is_said_to_be_damaged(folder: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    ring = json.loads((folder / "key").read_text())
    ring["dkim"][0] |= change
    ring["dkim"][0] = {name: value for name, value in ring["dkim"][0].items() if value is not ...}
    _write(tmp_path / "key", ring)
    with pytest.raises(MisconfiguredError, match="damaged"):
        vault.unlock(tmp_path / "key", tmp_path / "home")


def test_without_a_domain_there_is_no_key(tmp_path: Path) -> None:
    assert vault.create(tmp_path / "key", tmp_path / "home").dkim == []


def test_half_a_key_file_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(MisconfiguredError, match="No space left"):
        vault.create(tmp_path / "key", tmp_path / "home")
    assert not (tmp_path / "key").exists()


def _write(path: Path, ring: dict[str, Any]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(ring))
