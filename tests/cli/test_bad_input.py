"""Every mistake gets one line that says what, why and what to do; no traceback, nothing half done."""

import shutil
import socket
from pathlib import Path

import pytest

from mailer import workers
from mailer.installation import Installation
from tests.cli.conftest import Begin, Run, one_line
from tests.mould import SAMPLE
from tests.patience import until

# What is wrong here is said before any database is asked, or by each in the same words.
pytestmark = pytest.mark.databases("sqlite")


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "1e9"])
def test_a_rate_that_is_none(run: Run, rate: str) -> None:
    one_line(run("demo", f"--rate={rate}", "--no-web"), 2, "--rate")


@pytest.mark.parametrize("count", ["0", "-5", "many", "1.5", "99999999999"])
def test_a_count_that_is_none(run: Run, count: str) -> None:
    one_line(run("demo", f"--subscribers={count}", "--no-web"), 2, "--subscribers")


def test_words_that_mean_nothing(run: Run) -> None:
    one_line(run("dance"), 2, "dance")
    one_line(run("demo", "--loud"), 2, "--loud")


def test_an_edition_that_is_not_there(run: Run) -> None:
    one_line(run("demo", "--edition", "nowhere", "--no-web"), 2, "nowhere")


def test_an_edition_without_its_chinese_file(run: Run, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "edition")
    (tmp_path / "edition" / "zh-Hant-HK.md").unlink()
    one_line(run("demo", "--edition", "edition", "--no-web"), 1, "zh-Hant-HK.md")


def test_an_edition_with_a_missing_chinese_text_sends_nothing(run: Run, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "edition")
    path = tmp_path / "edition" / "zh-Hant-HK.md"
    text = path.read_text()
    start = text.index("<!-- share.body -->")
    path.write_text(text[:start] + text[text.index("<!--", start + 5) :])
    one_line(run("demo", "--edition", "edition", "--home", "h", "--no-web"), 1, "share", "中文")
    # Nothing is left behind: mended, the same command works.
    assert not (tmp_path / "h").exists()
    assert not (tmp_path / "h.key").exists()


def test_the_line_is_in_the_persons_language(run: Run) -> None:
    result = run("demo", "--rate=0", language="zh_HK.UTF-8")
    one_line(result, 2, "--rate")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in result.stderr)


def test_a_wrong_setting_is_told_in_the_persons_language(run: Run) -> None:
    result = run("campaign", "status", language="zh_HK.UTF-8", lease="10")
    one_line(result, 1, "MAILER_LEASE")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in result.stderr)


def test_a_home_that_is_in_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "letter").touch()
    one_line(run("demo", "--home", "h", "--no-web"), 1, "empty")
    assert [path.name for path in (tmp_path / "h").iterdir()] == ["letter"]


@pytest.mark.parametrize("home", [b"h\xff", "h\nh"])
def test_a_home_that_no_setting_may_name(run: Run, tmp_path: Path, home: str | bytes) -> None:
    one_line(run("demo", "--home", home, "--no-web", "--subscribers=2"), 1, "MAILER_HOME")
    assert [path.name for path in tmp_path.iterdir() if path.name != "nobody"] == []


def test_a_home_that_is_here(run: Run, tmp_path: Path) -> None:
    (tmp_path / "full").touch()
    one_line(run("demo", "--home", ".", "--no-web", "--subscribers=2"), 1, "empty")


def test_a_home_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    one_line(run("demo", "--home", "file/h", "--no-web"), 1, "data home")


def test_a_port_that_is_taken(run: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        one_line(run("demo", "--home", "h", web_port=port), 1, port, "MAILER_WEB_PORT")
    assert not (tmp_path / "h").exists()


def test_a_broker_that_is_away(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--home", "h", "--no-web", "--subscribers=3", broker_url="redis://127.0.0.1:1/0")
    one_line(result, 1, "broker", "MAILER_BROKER_URL")
    assert not list((tmp_path / "h" / "sink").glob("*.eml"))


def test_a_broker_nobody_knows(run: Run) -> None:
    one_line(run("demo", "--no-web", "--subscribers=3", broker_url="pigeon://loft"), 1, "MAILER_BROKER_URL")


def test_a_key_file_in_the_demos_home(run: Run, tmp_path: Path) -> None:
    inside = str(tmp_path / "h" / "key")
    one_line(run("demo", "--home", "h", "--no-web", key_file=inside), 1, "inside the data home")


def test_a_setting_that_is_none(run: Run) -> None:
    one_line(run("demo", web_port="http"), 1, "MAILER_WEB_PORT")


COMMANDS = [("campaign", "status"), ("campaign", "start", "1", "--as", "Ada")]
SERVICES = [("worker",), ("web", "--port=0"), ("up", "--port=0")]


@pytest.mark.parametrize("words", [*COMMANDS, *SERVICES])
def test_keys_and_database_are_checked_before_anything_is_done(
    run: Run, house: Installation, tmp_path: Path, words: tuple[str, ...]
) -> None:
    home, key, url = str(house.settings.home), house.settings.key_file, house.settings.database_url
    one_line(run(*words, home=home, key_file=str(tmp_path / "none"), database_url=url), 1, "no key file")
    key.chmod(0o644)
    one_line(run(*words, home=home, key_file=str(key), database_url=url), 1, "chmod 600")
    key.chmod(0o600)
    one_line(run(*words, home=home, key_file=str(key), database_url="oracle://x"), 1, "MAILER_DATABASE_URL")
    if words in COMMANDS:
        nowhere = url.replace("/test_", "/nowhere_")
        empty = str(tmp_path / "empty")
        one_line(run(*words, home=empty, key_file=str(key), database_url=nowhere), 1, "database")


@pytest.mark.parametrize("words", SERVICES)
def test_a_service_waits_for_its_database_and_says_so(
    begin: Begin, house: Installation, tmp_path: Path, words: tuple[str, ...]
) -> None:
    nowhere = house.settings.database_url.replace("/test_", "/nowhere_")
    settings = {"home": str(tmp_path / "empty"), "key_file": str(house.settings.key_file), "database_url": nowhere}
    service, said = begin(*words, **settings)
    until(lambda: said().count("start.waits") > 1, 20)
    assert "database does not answer" in said()
    service.terminate()
    assert service.wait(60) == 0


def test_a_worker_waits_for_its_broker_and_says_so(begin: Begin, housed: dict[str, str]) -> None:
    worker, said = begin("worker", broker_url="redis://:hush@127.0.0.1:1/0", **housed)
    until(lambda: "broker.unavailable" in said() and "Trying again" in said(), 30)
    assert "hush" not in said()
    worker.terminate()
    assert worker.wait(30) == 0


@pytest.mark.parametrize("words", [("worker",), ("up", "--port=0")])
def test_a_broker_nobody_knows_stops_a_service(run: Run, housed: dict[str, str], words: tuple[str, ...]) -> None:
    one_line(run(*words, broker_url="pigeon://loft", **housed), 1, "MAILER_BROKER_URL")


def test_two_workers_with_one_name(begin: Begin, run: Run, house: Installation, housed: dict[str, str]) -> None:
    journals = house.settings.home / "journal"
    first, _ = begin("worker", "--name=nightly", broker_url="filesystem://", **housed)
    # A child of it is at work, so it has its name.
    until(journals.exists, 30)
    one_line(run("worker", "--name=nightly", broker_url="filesystem://", **housed), 1, "nightly", "--name")
    one_line(run("worker", "--name=../nightly", broker_url="filesystem://", **housed), 2, "--name")
    # Its child outlives it for a while; the name is free at once.
    first.kill()
    first.wait()
    assert workers.claim_name(house.settings, "nightly").close() is None


def test_a_campaign_that_is_not_there(run: Run, housed: dict[str, str]) -> None:
    one_line(run("campaign", "start", "7", "--as", "Ada", **housed), 1, "7")
    one_line(run("campaign", "status", "seven", **housed), 2, "number")
