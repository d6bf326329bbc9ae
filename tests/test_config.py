import re
from pathlib import Path

import pytest

from mailer import url
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
        ("connections", "0"),
        ("log", "loud"),
        ("home", "~nosuch/letters"),
        ("home", "/"),
        ("home", "/srv/.."),
        ("home", "/srv/\udcff"),
        ("key_file", "~nosuch/letters"),
        ("key_file", "/"),
        ("key_file", "/etc"),
        ("withdrawals_file", "~nosuch/letters"),
        ("withdrawals_file", "/"),
        ("withdrawals_file", "/etc"),
        ("withdrawals_file", "/srv/a\nb"),
        ("public_url", "http://letters.example"),
        ("public_url", "https://letters.example/path"),
        ("public_url", "https://letters.example:port"),
        ("public_url", "https://letters.example:70000"),
        ("public_url", "https://letters.example:0"),
        ("public_url", "https://letters .example"),
        ("public_url", "https://letters.example\n"),
        ("public_url", "https://letters\t.example"),
        ("public_url", "https://信.example"),
        ("public_url", "https://[::1"),
        ("public_url", "https://me@letters.example"),
        ("relay_url", "relay.example:25"),
        ("relay_url", "smtp://me:hush@relay.example"),
        ("relay_url", "smtp://relay.example/hush"),
        ("relay_url", "smtp://relay.example?hush=1"),
        ("relay_url", "smtp://relay.example:0"),
        ("relay_url", "smtp://:25"),
        ("relay_url", "smtps://me:hush@relay.example"),
        ("relay_url", "smtp+starttls://me:hush@relay.example"),
        ("relay_url", "smtp+tls://relay.example"),
        ("broker_url", "?foo=bar"),
        ("broker_url", "confluentkafka://relay.example"),
        ("broker_url", "memory://"),
        ("broker_url", "filesystem://x"),
        ("broker_url", "sqla+sqlite:///x.db"),
        ("broker_url", "redis://one.example;redis://two.example"),
        ("broker_url", "redis://one.example/0?foo=bar"),
        ("broker_url", "rediss://one.example/0?ssl_foo=bar"),
        ("broker_url", "redis://:hu@sh@one.example/0"),
        ("broker_url", "redis://:hu/sh@one.example/0"),
        ("withdrawals_file", "/nowhere/at-all/withdrawals"),
        ("database_url", "postgresql+asyncpg://one.example/letters"),
        ("database_url", "postgresql+psycopg2://one.example/letters"),
        ("database_url", "sqlite+pysqlcipher:///letters.db"),
        ("database_url", "sqlite:///letters.db?foo=bar"),
        ("database_url", "mysql://one.example/letters"),
        ("database_url", "letters.db"),
        ("database_url", "postgresql://me:hu@sh@one.example/letters"),
        ("database_url", "postgresql://me:hu#sh@one.example/letters"),
        ("dns", "on"),
        ("dns", "resolver.hush.example"),
        ("dns", "127.0.0.256"),
        ("dns", "127.0.0.1:0"),
        ("dns", "127.0.0.1:70000"),
        ("dns", "[::1"),
        ("dns", "[127.0.0.1]x"),
        ("dns", "127.0.0.1, 127.0.0.2"),
        ("retention", "13"),
        ("retention", "3651"),
        ("retention", "ninety"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(MisconfiguredError, match=f"MAILER_{name.upper()}") as error:
        load(**{name: value})
    said = str(error.value)
    assert value == "0" or value not in said.replace(f"MAILER_{name.upper()}", "")
    # Not a piece of it either: it may be one of a password.
    assert not re.search(r"hush|hu\b|\bsh\b|nosuch|\bme\b|one\.example|letters\.example", said)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", "https://letters.example"),
        ("public_url", "https://Letters.example:8443"),
        ("public_url", "https://xn--fsqu00a.example"),
        ("public_url", "https://[2001:db8::1]:443"),
        ("relay_url", "smtp://mail_relay:2525"),
        ("relay_url", "smtp://[::1]:25"),
        ("relay_url", "direct:"),
        ("relay_url", "smtps://relay.example"),
        ("relay_url", "smtp+starttls://relay.example:587/"),
        ("dns", "off"),
        ("dns", "127.0.0.53"),
        ("dns", "127.0.0.1:5353"),
        ("dns", "::1"),
        ("dns", "[2001:db8::53]:5353"),
        ("broker_url", ""),
        ("broker_url", "filesystem://"),
        ("broker_url", "redis://me:hu%40sh@one.example:6379/0"),
        ("broker_url", "rediss://one.example/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem"),
        ("broker_url", "redis+socket:///srv/my letters/redis.sock?virtual_host=0"),
        ("database_url", ""),
        ("database_url", "sqlite:////home/me@work/letters.db"),
        ("database_url", "postgresql+psycopg://app@/letters?host=/run/postgresql"),
        ("database_url", "postgresql://me:hu%40sh@one.example:5432/letters"),
    ],
)
def test_a_right_setting_stays_as_it_is(name: str, value: str) -> None:
    assert getattr(load(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("127.0.0.53", ("127.0.0.53", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("::1", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_name_server_is_taken_apart(text: str, server: tuple[str, int]) -> None:
    assert url.name_server(text) == server


def test_a_broker_behind_tls_shows_its_certificate() -> None:
    """Unless a person says otherwise: left to itself Celery takes any."""
    assert load(broker_url="rediss://one.example/0").broker_url.endswith("/0?ssl_cert_reqs=CERT_REQUIRED")
    with_authority = load(broker_url="rediss://one.example/0?ssl_ca_certs=/ca.pem").broker_url
    assert with_authority.endswith("?ssl_ca_certs=/ca.pem&ssl_cert_reqs=CERT_REQUIRED")


def test_a_variable_that_is_empty_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    meant = load()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"MAILER_{name.upper()}", "")
    assert load() == meant


def test_a_person_without_a_home_folder_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "~nosuch")
    with pytest.raises(MisconfiguredError, match="MAILER_HOME"):
        load()


def test_why_a_setting_is_wrong_is_said_in_the_persons_language() -> None:
    with pytest.raises(MisconfiguredError) as error:
        load(relay_url="smtp://me:hush@relay.example")
    assert "REASON" in error.value.say(lambda text: "REASON" if text.startswith("no name") else text)


def test_a_lease_shorter_than_a_reply_may_take_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match="MAILER_LEASE"):
        load(lease=10, smtp_timeout=10)


def test_a_child_process_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch, chosen: Settings) -> None:
    for name, value in environment(chosen).items():
        monkeypatch.setenv(name, value)
    assert load() == chosen
