"""Keys that sign: made, used once their record is seen, retired, removed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer import clock, vault
from mailer.config import load
from mailer.demo.organisation import DOMAIN
from mailer.model import Campaign
from mailer.vault.rotation import OVERLAP, made
from tests.cli.conftest import Begin, Places, Run, one_line
from tests.cli.test_bad_input import SERVICES
from tests.damage import damaged
from tests.nameserver import NameServer, txt
from tests.patience import until


def keys(places: Places) -> list[vault.DkimKey]:
    chosen = load(**places)
    return list(vault.unlock(chosen.key_file, chosen.home).dkim)


def test_a_new_key_is_shown_with_its_record_and_does_not_sign_yet(run: Run, places: Places) -> None:
    done = run("keys", "dkim", "new", DOMAIN, **places)
    assert (done.returncode, done.stderr) == (0, "")
    first, key = keys(places)
    assert (first.state, key.state) == ("signing", "next")
    lines = done.stdout.splitlines()
    assert key.zone_line in lines
    assert f"Name: {key.record_name}" in lines
    assert f"Value: {key.record_value}" in lines
    assert f"mailer keys dkim use {DOMAIN} {key.selector}" in done.stdout


def test_a_key_signs_once_its_record_is_seen(run: Run, places: Places, server: NameServer) -> None:
    assert run("keys", "dkim", "new", DOMAIN, **places).returncode == 0
    old, key = keys(places)
    use = ("keys", "dkim", "use", DOMAIN, key.selector)
    one_line(run(*use, **places), 1, "no record", key.record_name, "--force")
    server.answers[key.record_name] = txt(old.record_value)
    one_line(run(*use, **places), 1, "not this key's record")
    assert [each.state for each in keys(places)] == ["signing", "next"]
    server.answers[key.record_name] = txt(key.record_value)
    done = run(*use, **places)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(clock.now().date() + OVERLAP) in done.stdout
    assert f"mailer keys dkim remove {DOMAIN} {old.selector}" in done.stdout
    assert [each.state for each in keys(places)] == ["retired", "signing"]
    one_line(run("keys", "dkim", "remove", DOMAIN, old.selector, **places), 1, "on its way", "--force")
    assert run("keys", "dkim", "remove", DOMAIN, old.selector, "--force", **places).returncode == 0
    assert [each.selector for each in keys(places)] == [key.selector]


def test_without_the_dns_it_is_said_that_nobody_was_asked(run: Run, places: Places) -> None:
    assert run("keys", "dkim", "new", DOMAIN, **places).returncode == 0
    old, new = keys(places)
    done = run("keys", "dkim", "use", DOMAIN, new.selector, **places | {"dns": "off"})
    assert done.returncode == 0
    assert "MAILER_DNS is off" in done.stderr
    assert run("keys", "dkim", "use", DOMAIN, old.selector, "--force", **places).returncode == 0
    assert [each.state for each in keys(places)] == ["signing", "retired"]


def test_the_list_says_how_each_stands(run: Run, places: Places, server: NameServer) -> None:
    assert run("keys", "dkim", "new", "other.example", "--ed25519", **places).returncode == 0
    first, second = keys(places)
    server.answers[first.record_name] = txt(first.record_value)
    done = run("keys", "dkim", **places)
    assert done.returncode == 0
    for key in (first, second):
        assert key.zone_line in done.stdout.splitlines()
    assert "No key signs for other.example" in done.stderr
    (line,) = run("keys", "dkim", "--json", **places).stdout.splitlines()
    found = json.loads(line)["keys"]
    assert [each["dns"] for each in found] == ["published", "missing"]
    assert [each["state"] for each in found] == ["signing", "next"]
    assert found[1]["value"] == second.record_value
    assert "private" not in line


def test_ed25519_alone_is_warned_of(run: Run, places: Places, server: NameServer) -> None:
    assert run("keys", "dkim", "new", DOMAIN, "--ed25519", **places).returncode == 0
    first, key = keys(places)
    server.answers[key.record_name] = txt(key.record_value)
    beside = run("keys", "dkim", "use", DOMAIN, key.selector, **places)
    assert (beside.returncode, beside.stderr) == (0, "")
    assert [each.state for each in keys(places)] == ["signing", "signing"]
    alone = run("keys", "dkim", "retire", DOMAIN, first.selector, **places)
    assert alone.returncode == 0
    assert "many receivers cannot verify" in alone.stderr


def test_the_last_key_stays_unless_nothing_is_to_be_signed(run: Run, places: Places) -> None:
    (last,) = keys(places)
    one_line(run("keys", "dkim", "remove", DOMAIN, last.selector, **places), 1, "signs")
    retired = run("keys", "dkim", "retire", DOMAIN, last.selector, **places)
    assert "do not start" in retired.stderr
    remove = ("keys", "dkim", "remove", DOMAIN, last.selector, "--force")
    one_line(run(*remove, **places), 1, "last key", "MAILER_SIGN=off")
    assert run(*remove, **places | {"sign": "off"}).returncode == 0
    assert keys(places) == []


def test_what_cannot_be_done_is_one_line(run: Run, places: Places, tmp_path: Path) -> None:
    one_line(run("keys", "dkim", "new", "nowhere", **places), 2, "letters.example.org")
    one_line(run("keys", "dkim", "use", DOMAIN, "nope", **places), 1, "no key nope")
    one_line(run("keys", "dkim", **places | {"key_file": str(tmp_path / "none")}), 1, "no key file")
    (tmp_path / "key").write_text("{}")
    one_line(run("keys", "dkim", "new", DOMAIN, **places), 1, "damaged")
    (tmp_path / "key").chmod(0o644)
    one_line(run("keys", "dkim", "new", DOMAIN, **places), 1, "chmod 600")


def test_a_campaign_from_a_domain_that_nobody_signs_for_is_not_started(
    run: Run, housed: Places, campaign: Campaign
) -> None:
    assert run("keys", "dkim", "new", DOMAIN, **housed).returncode == 0
    words = ("start", str(campaign.id), "--as=Ada")
    one_line(run("campaign", *words, **housed), 1, "No key signs mails from", DOMAIN, "MAILER_SIGN=off")
    later = ("schedule", str(campaign.id), "--at=2099-01-01 09:00", "--as=Ada")
    one_line(run("campaign", *later, **housed), 1, "No key signs")
    assert run("campaign", *words, **housed | {"sign": "off"}).returncode == 0


def test_each_record_that_is_wrong_is_said_at_the_start_and_stops_nobody(
    begin: Begin, places: Places, server: NameServer
) -> None:
    chosen = load(**places)
    for domain in ("a.example", "b.example", "c.example"):
        vault.change(chosen.key_file, chosen.home, made(domain, vault.Algorithm.ED25519, vault.KeyState.SIGNING))
    missing, different, revoked, published = (key.record_name for key in keys(places))
    *_, right = keys(places)
    server.answers |= {
        different: txt(right.record_value),
        revoked: txt("v=DKIM1; k=ed25519; p="),
        published: txt(right.record_value),
    }
    _, said = begin("up", "--port=0", **places)
    until(lambda: "Pages: http://" in said(), 30)
    lines = [line for line in said().splitlines() if "dkim.record" in line]
    wrong = {missing: "no record", different: "not this key's record", revoked: "revoked (an empty p=)"}
    assert len(lines) == len(wrong)
    for line, (name, words) in zip(lines, wrong.items(), strict=True):
        assert name in line
        assert words in line


_GARBLED = {
    "no base64": lambda _: "潮",
    "no key": lambda _: "AAAA",
    "cut off": lambda private: private[: len(private) // 8 * 4],
    "missing": lambda _: None,
}


@pytest.mark.parametrize("garble", _GARBLED.values(), ids=_GARBLED)
def test_a_garbled_private_key_is_one_line_and_starts_nothing(
    run: Run, places: Places, garble: Callable[[str], str | None]
) -> None:
    file = Path(places["key_file"])
    ring = json.loads(file.read_text())
    (entry,) = ring["dkim"]
    entry["private"] = garble(entry["private"])
    file.write_text(json.dumps(ring))
    for words in SERVICES:
        one_line(run(*words, **places), 1, str(file), "damaged", "backup")
    done = run("doctor", **places)
    assert (done.returncode, done.stderr) == (1, "")
    (said,) = (line for line in done.stdout.splitlines() if "damaged" in line)
    assert said.startswith(f"  broken       key file {file}: ")


def test_a_damaged_key_is_said_at_the_start_and_stops_nobody(begin: Begin, places: Places) -> None:
    chosen = load(**places)
    vault.change(chosen.key_file, chosen.home, lambda found: [damaged(key) for key in found])
    _, said = begin("worker", **places)
    until(lambda: "dkim.key" in said(), 30)
    (line,) = (line for line in said().splitlines() if "dkim.key" in line)
    assert keys(places)[0].record_name in line
    assert "damaged" in line
    until((Path(places["home"]) / "journal").exists, 30)
