"""``mailer route`` as an operator types it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, one_line
from tests.worker.authority import Authority

FOLDER = {"broker_url": "filesystem://"}


@pytest.fixture
def ask(run: Run, housed: dict[str, str]) -> Any:
    """A command's JSON answer."""

    def call(*words: str) -> Any:
        done = run("route", *words, "--json", **FOLDER, **housed)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["routes"]

    return call


def test_routes_are_added_weighed_shown_and_removed(ask: Any, run: Run, housed: dict[str, str], tmp_path: Path) -> None:
    assert [each["name"] for each in ask("list")] == ["relay"]
    (tmp_path / "secret").write_text("open sesame\n")
    who = ("--username", "office", "--secret-file", str(tmp_path / "secret"), "--mechanism", "login")
    made = ask("add", "main", "smtps://mail.example", *who, "--weight", "3", "--as", "Ada")
    assert made == [
        {
            "name": "main",
            "url": "smtps://mail.example",
            "signs_in": True,
            "mechanism": "LOGIN",
            "ca_file": None,
            "weight": 3,
            "provider": None,
            "newsletter": None,
        }
    ]
    assert [each["weight"] for each in ask("weigh", "main", "0", "--as", "Ada")] == [0]
    ask("add", "qq-out", "smtp://relay.example", "--provider", "qq", "--as", "Ada")
    shown = run("route", "list", **FOLDER, **housed).stdout
    assert all(word in shown for word in ("main", "stands by", "qq-out", "QQ"))
    assert "sesame" not in shown
    trusted = Authority(tmp_path / "own").file
    ask("add", "own", "smtps://own.example", "--ca-file", str(trusted), "--as", "Ada")
    shown = run("route", "list", **FOLDER, **housed).stdout
    assert str(trusted) in "".join(line.split("│")[2].strip() for line in shown.splitlines() if "│" in line)
    assert [each["ca_file"] for each in ask("remove", "main", "--as", "Ada")] == [None, str(trusted)]


_HEARD = {"smtp://mail.example:2525/": "mail.example:2525", "smtp://192.0.2.7": "192.0.2.7"}
_UNHEARD = ("smtp://127.0.0.1:2525", "smtp://[::1]", "smtp+starttls://mail.example", "smtps://mail.example", "direct:")


@pytest.mark.databases("sqlite")
def test_a_line_in_the_clear_that_leaves_this_machine_is_warned_of(run: Run, housed: dict[str, str]) -> None:
    for number, address in enumerate((*_HEARD, *_UNHEARD)):
        done = run("route", "add", f"r{number}", address, "--as", "Ada", "--json", **FOLDER, **housed)
        assert (done.returncode, json.loads(done.stdout)["routes"][-1]["url"]) == (0, address)
        said = [line.partition(" is in the clear: ")[0] for line in done.stderr.splitlines()]
        assert said == ([f"The line to {_HEARD[address]}"] if address in _HEARD else [])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "main", "smtp://mail.example"), 2, "--as NAME"),
        (("add", "main", "smtp://me:pw@mail.example", "--as", "Ada"), 2, "mailer route add"),
        (("add", "gmail", "smtp://mail.example", "--as", "Ada"), 2, "cannot name a route"),
        (("add", "main", "smtp://mail.example", "--weight", "many", "--as", "Ada"), 2, "--weight"),
        (("add", "main", "smtps://mail.example", "--ca-file", "/nowhere/ca.pem", "--as", "Ada"), 2, "/nowhere/ca.pem"),
        (("add", "main", "smtps://mail.example", "--ca-file", "/etc/hostname", "--as", "Ada"), 2, "no certificates"),
        (("add", "main", "smtp://mail.example", "--ca-file", "/nowhere/ca.pem", "--as", "Ada"), 2, "smtp+starttls"),
        (
            ("add", "main", "smtp://m.example", "--username", "me", "--secret-file", "/etc/hostname", "--as", "Ada"),
            2,
            "hear",
        ),
        (
            ("add", "main", "smtp://m.example", "--username", "me", "--secret-file", "/nowhere", "--as", "Ada"),
            2,
            "/now",
        ),
        (("add", "main", "direct:here", "--as", "Ada"), 2, "direct:"),
        (("add", "main", "direct:", "--mechanism", "login", "--as", "Ada"), 2, "Nobody signs in"),
        (("remove", "main", "--as", "Ada"), 1, "mailer route list"),
    ],
)
def test_what_is_wrong_is_one_line(
    run: Run, housed: dict[str, str], words: tuple[str, ...], code: int, said: str
) -> None:
    done = run("route", *words, **FOLDER, **housed)
    one_line(done, code)
    assert said in done.stderr
    assert "pw" not in done.stderr


def test_mail_goes_straight_only_where_the_dns_may_be_asked(ask: Any, run: Run, housed: dict[str, str]) -> None:
    (*_, made) = ask("add", "straight", "direct:", "--provider", "qq", "--as", "Ada")
    assert (made["name"], made["url"]) == ("straight", "direct:")
    for words, more in ((("add", "more", "direct:", "--as", "Ada"), {}), (("list",), {"relay_url": "direct:"})):
        done = run("route", *words, **FOLDER, **housed, dns="off", **more)
        one_line(done, 1)
        assert "MAILER_DNS" in done.stderr
