"""``mailer doctor`` as an operator types it: what it shows, how it ends, and that it changes nothing."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from mailer import vault
from mailer.cli import doctor
from mailer.config import load
from mailer.demo.organisation import DOMAIN
from mailer.doctor.check import Name
from tests.cli.conftest import Places, Run, one_line
from tests.nameserver import NameServer, records, txt
from tests.sinks import SmtpSink


@pytest.fixture
def places(places: Places) -> Places:
    """It knows its pages' address, and has no relay."""
    return places | {"public_url": f"https://{DOMAIN}", "relay_url": "smtp://127.0.0.1:1"}


def publish(places: Places, server: NameServer) -> None:
    """What an operator puts into the DNS of their domain."""
    chosen = load(**places)
    (key,) = vault.unlock(chosen.key_file, chosen.home).dkim
    server.answers |= {
        DOMAIN: records("A 192.0.2.1", "MX 10 mx.example.", 'TXT "v=spf1 mx -all"'),
        f"_dmarc.{DOMAIN}": txt("v=DMARC1; p=none"),
        key.record_name: txt(key.record_value),
    }


def found(stdout: str) -> tuple[dict[str, str], bool]:
    """States by name, and whether all is fit, from the last line."""
    told: dict[str, Any] = json.loads(stdout.splitlines()[-1])
    assert all(each.keys() == {"name", "about", "state", "says"} for each in told["checks"])
    return {each["name"]: each["state"] for each in told["checks"]}, told["fit"]


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """What lies in a folder: modes, and what files hold."""
    return {
        str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in (folder, *sorted(folder.rglob("*")))
    }


def test_a_fresh_installation_is_told_what_it_lacks_and_left_as_it_is(run: Run, places: Places) -> None:
    home = Path(places["home"])
    home.chmod(0o750)
    before = everything(home)
    done = run("doctor", **places)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "Files"
    assert f"  look at this data home {home}: Others on this machine can look in: run chmod 700 on it" in lines
    assert any(line.startswith("  broken       DKIM record tl") for line in lines)
    assert any(line.startswith("  broken       route relay: 127.0.0.1:1 cannot be reached") for line in lines)
    assert any(line.startswith(f"  look at this SPF {DOMAIN}: There is no SPF record") for line in lines)
    assert lines[-1].startswith("Not fit to send. Broken: 3; to look at:")
    # One screen, and no colour where nobody looks at a terminal.
    assert len(lines) < 30
    assert "\x1b" not in done.stdout
    assert everything(home) == before


def test_what_is_all_set_up_is_fit(run: Run, places: Places, server: NameServer, servers: None) -> None:
    assert servers is None
    publish(places, server)
    with SmtpSink() as sink:
        places |= {"relay_url": f"smtp://127.0.0.1:{sink.port}"}
        done = run("doctor", "--json", **places)
        assert done.returncode == 0, done.stdout
        states, fit = found(done.stdout)
        assert fit
        # Nobody is at work yet, which keeps nothing from being sent later.
        assert {name for name, state in states.items() if state != "fine"} == {"workers"}
        assert run("doctor", **places).stdout.splitlines()[-1] == "Fit to send. To look at: 1."
        assert list(sink.received()) == []


def test_one_broken_thing_is_enough(run: Run, places: Places, server: NameServer) -> None:
    publish(places, server)
    done = run("doctor", "--json", **places)
    states, fit = found(done.stdout)
    assert (done.returncode, fit) == (1, False)
    assert [name for name, state in states.items() if state == "broken"] == ["route"]


def test_without_keys_or_database_the_rest_is_still_looked_at(run: Run, places: Places, server: NameServer) -> None:
    publish(places, server)
    Path(places["key_file"]).chmod(0o640)
    states, fit = found(run("doctor", "--json", **places).stdout)
    assert not fit
    assert (states["key_file"], states["home"], states["broker"], states["public_url"]) == (
        "broken",
        "fine",
        "fine",
        "fine",
    )
    assert not states.keys() & {"database", "signing", "route"}
    Path(places["key_file"]).chmod(0o600)
    (Path(places["home"]) / "twinletter.db").unlink()
    states, fit = found(run("doctor", "--json", **places).stdout)
    assert (states["key_file"], states["database"], fit) == ("fine", "broken", False)


def test_before_there_is_an_installation_none_is_begun(run: Run, tmp_path: Path) -> None:
    nowhere = {"home": str(tmp_path / "nowhere"), "key_file": str(tmp_path / "none"), "dns": "off"}
    done = run("doctor", **nowhere)
    assert done.returncode == 1
    assert "mailer init" in done.stdout
    assert not (tmp_path / "nowhere").exists()


def test_a_setting_that_cannot_be_used_is_one_line(run: Run, places: Places) -> None:
    one_line(run("doctor", **places | {"dns": "nobody"}), 1, "MAILER_DNS")


def test_everything_that_is_looked_at_has_its_words() -> None:
    assert set(doctor.NAMES) == set(get_args(Name))
