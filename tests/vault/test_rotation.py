"""The life of a signing key, and the key file that it is kept in."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailer import clock, lock, vault
from mailer.errors import MisconfiguredError, NotFoundError, RefusedError, UnavailableError
from mailer.vault import Algorithm, DkimKey, KeyState
from mailer.vault.rotation import OVERLAP, find, made, removed, retired, signing, used

RSA, ED25519 = Algorithm.RSA, Algorithm.ED25519
NEXT, SIGNING, RETIRED = KeyState.NEXT, KeyState.SIGNING, KeyState.RETIRED
DOMAIN = "letters.example"
YEAR = f"tl{clock.now():%Y}"
A, B, C = (f"{YEAR}{letter}" for letter in "abc")


def key(selector: str, state: KeyState, algorithm: Algorithm = ED25519, domain: str = DOMAIN) -> DkimKey:
    """One that takes no time; of RSA it only says to be."""
    (fresh,) = made(domain, ED25519, state)([])
    return replace(fresh, selector=selector, algorithm=algorithm)


def states(keys: Sequence[DkimKey]) -> dict[str, KeyState]:
    return {each.selector: each.state for each in keys}


def test_a_key_is_made_then_used_and_the_one_before_it_retires() -> None:
    keys = made(DOMAIN, ED25519, NEXT)([key(A, SIGNING)])
    new = keys[-1].selector
    assert states(keys) == {A: SIGNING, new: NEXT}
    assert [each.selector for each in signing(keys, DOMAIN)] == [A]
    keys = used(DOMAIN, new)(keys)
    assert states(keys) == {A: RETIRED, new: SIGNING}
    # And back again, where the new one was a mistake.
    assert states(used(DOMAIN, A)(keys)) == {A: SIGNING, new: RETIRED}


def test_only_a_key_of_the_same_algorithm_and_domain_retires() -> None:
    keys = [key(A, SIGNING, RSA), key(B, NEXT), key(C, SIGNING, domain="other.example")]
    keys = list(used(DOMAIN, B)(keys))
    assert states(keys) == {A: SIGNING, B: SIGNING, C: SIGNING}
    assert [each.selector for each in signing(keys, DOMAIN)] == [A, B]
    assert states(retired(DOMAIN, A)(keys)) == {A: RETIRED, B: SIGNING, C: SIGNING}


def test_a_key_that_is_still_to_be_published_stays_so_when_another_is_used() -> None:
    keys = used(DOMAIN, B)([key(A, SIGNING), key(B, NEXT), key(C, NEXT)])
    assert states(keys) == {A: RETIRED, B: SIGNING, C: NEXT}


def test_a_selector_says_the_year_and_is_never_one_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    chances = iter(["00000a", "00000a", "00000b"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(chances))
    keys = made("other.example", ED25519, NEXT)(made(DOMAIN, ED25519, NEXT)([]))
    assert [each.selector for each in keys] == [f"{YEAR}-00000a", f"{YEAR}-00000b"]


def test_a_key_that_is_removed_lends_its_name_to_no_other() -> None:
    keys: Sequence[DkimKey] = []
    names = set()
    for _ in range(20):
        keys = made(DOMAIN, ED25519, NEXT)(keys)
        names.add(keys[-1].selector)
        keys = removed(DOMAIN, keys[-1].selector)(keys)
    assert len(names) == 20


def test_the_key_of_the_nearest_domain_signs() -> None:
    keys = [
        key(A, SIGNING, domain="example.org"),
        key(B, SIGNING, domain="news.example.org"),
        key(C, NEXT, domain="x.news.example.org"),
    ]
    for domain, selectors in {
        "example.org": [A],
        "a.example.org": [A],
        "news.example.org": [B],
        "x.news.example.org": [B],
        "notexample.org": [],
        "org": [],
    }.items():
        assert [each.selector for each in signing(keys, domain)] == selectors, domain


def test_a_key_is_removed_once_nothing_needs_it() -> None:
    old = clock.now().date() - OVERLAP
    keys = [key(A, SIGNING), replace(key(B, RETIRED), since=old), key(C, NEXT)]
    assert states(removed(DOMAIN, B)(removed(DOMAIN, C)(keys))) == {A: SIGNING}
    with pytest.raises(RefusedError, match="signs"):
        removed(DOMAIN, A, early=True)(keys)
    young = [replace(keys[1], since=old + timedelta(days=1))]
    with pytest.raises(RefusedError, match="on its way"):
        removed(DOMAIN, B)(young)
    assert removed(DOMAIN, B, early=True)(young) == []


def test_what_does_not_sign_cannot_retire_and_what_is_not_there_is_said() -> None:
    with pytest.raises(RefusedError, match="does not sign"):
        retired(DOMAIN, A)([key(A, NEXT)])
    with pytest.raises(NotFoundError, match=A):
        find([key(B, NEXT)], DOMAIN, A)


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    vault.create(tmp_path / "key", tmp_path / "home", made(DOMAIN, ED25519, SIGNING))
    return tmp_path / "key"


def change(ring: Path) -> vault.Vault:
    return vault.change(ring, ring.parent / "home", made(DOMAIN, ED25519, NEXT))


def test_the_key_file_keeps_its_mode_and_all_else_that_is_in_it(ring: Path) -> None:
    ring.chmod(0o400)
    before = json.loads(ring.read_text())
    (first, second) = change(ring).dkim
    after = json.loads(ring.read_text())
    assert ring.stat().st_mode & 0o777 == 0o400
    assert {name: value for name, value in after.items() if name != "dkim"} == {
        name: value for name, value in before.items() if name != "dkim"
    }
    assert after["dkim"][0] == before["dkim"][0]
    unlocked = vault.unlock(ring, ring.parent / "home").dkim
    assert states(unlocked) == {first.selector: SIGNING, second.selector: NEXT}
    assert [each.record_value for each in unlocked] == [first.record_value, second.record_value]
    assert [path.name for path in ring.parent.iterdir() if path.is_file()] == ["key"]


def test_a_link_to_the_key_file_stays_one(ring: Path) -> None:
    (ring.parent / "link").symlink_to(ring)
    change(ring.parent / "link")
    assert (ring.parent / "link").is_symlink()
    assert len(vault.unlock(ring, ring.parent / "home").dkim) == 2


def test_a_change_that_fails_leaves_the_file_as_it_was(ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ring.read_bytes()

    def full(_: object, __: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fchown", lambda *_: full(None, None))
    with pytest.raises(MisconfiguredError, match=r"No space left.*MAILER_KEY_FILE"):
        change(ring)
    with pytest.raises(NotFoundError):
        vault.change(ring, ring.parent / "home", used(DOMAIN, "nope"))
    assert ring.read_bytes() == before
    assert sorted(path.name for path in ring.parent.iterdir()) == ["home", "key"]


def test_what_a_power_cut_left_behind_is_no_obstacle(ring: Path) -> None:
    ring.with_name(".key.new").write_bytes(b"half")
    assert len(change(ring).dkim) == 2


def test_two_do_not_change_it_at_once(ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A record lock belongs to a process, so that this one cannot stand in its own way.
    monkeypatch.setattr(lock, "take", lambda _: None)
    with pytest.raises(UnavailableError, match="try again"):
        change(ring)


def test_a_key_file_from_before_there_were_states_signs(ring: Path) -> None:
    content = json.loads(ring.read_text())
    for entry in content["dkim"]:
        del entry["state"], entry["since"]
    ring.write_text(json.dumps(content))
    (old,) = vault.unlock(ring, ring.parent / "home").dkim
    assert (old.state, old.since) == (SIGNING, None)
    assert states(vault.change(ring, ring.parent / "home", retired(DOMAIN, old.selector)).dkim) == {
        old.selector: RETIRED
    }
