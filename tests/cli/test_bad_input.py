"""Every mistake gets one line that says what, why and what to do; no traceback, nothing half done."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.installation import Installation
from tests.conftest import SAMPLE

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``mailer …`` as its own process, with settings of its own."""

    def call(*words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAILER_")}
        environment |= {f"MAILER_{k.upper()}": v for k, v in settings.items()}
        return subprocess.run(
            [sys.executable, "-c", "from mailer.cli import main; main()", *words],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return call


def _one_line(result: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
    assert result.returncode == code, result.stderr
    # Remarks of a demo that had begun may stand before it; the complaint is one line, and the last.
    *remarks, complaint = result.stderr.splitlines()
    assert all(line.startswith(("This demo", "Database:", "0 of")) for line in remarks), result.stderr
    assert complaint.startswith("mailer: ")
    for word in words:
        assert word in complaint


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "1e9"])
def test_a_rate_that_is_none(run: Run, rate: str) -> None:
    _one_line(run("demo", f"--rate={rate}", "--no-web"), 2, "--rate")


@pytest.mark.parametrize("count", ["0", "-5", "many", "1.5", "99999999999"])
def test_a_count_that_is_none(run: Run, count: str) -> None:
    _one_line(run("demo", f"--subscribers={count}", "--no-web"), 2, "--subscribers")


def test_words_that_mean_nothing(run: Run) -> None:
    _one_line(run("dance"), 2, "dance")
    _one_line(run("demo", "--loud"), 2, "--loud")


def test_an_edition_that_is_not_there(run: Run) -> None:
    _one_line(run("demo", "--edition", "nowhere", "--no-web"), 2, "nowhere")


def test_an_edition_without_its_chinese_file(run: Run, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "edition")
    (tmp_path / "edition" / "zh-Hant-HK.md").unlink()
    _one_line(run("demo", "--edition", "edition", "--no-web"), 1, "zh-Hant-HK.md")


def test_an_edition_with_a_missing_chinese_text_sends_nothing(run: Run, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "edition")
    path = tmp_path / "edition" / "zh-Hant-HK.md"
    text = path.read_text()
    start = text.index("<!-- share.body -->")
    path.write_text(text[:start] + text[text.index("<!--", start + 5) :])
    _one_line(run("demo", "--edition", "edition", "--home", "h", "--no-web"), 1, "share", "body", "中文")
    # Nothing is left behind: mended, the same command works.
    assert not (tmp_path / "h").exists()
    assert not (tmp_path / "h.key").exists()


def test_the_line_is_in_the_persons_language(run: Run) -> None:
    result = run("demo", "--rate=0", language="zh_HK.UTF-8")
    _one_line(result, 2, "--rate")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in result.stderr)


def test_a_home_that_is_in_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "letter").touch()
    _one_line(run("demo", "--home", "h", "--no-web"), 1, "empty")
    assert [path.name for path in (tmp_path / "h").iterdir()] == ["letter"]


def test_a_home_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    _one_line(run("demo", "--home", "file/h", "--no-web"), 1, "data home")


def test_a_port_that_is_taken(run: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        _one_line(run("demo", "--home", "h", web_port=port), 1, port, "MAILER_WEB_PORT")
    assert not (tmp_path / "h").exists()


def test_a_broker_that_is_away(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--home", "h", "--no-web", "--subscribers=3", broker_url="redis://127.0.0.1:1/0")
    _one_line(result, 1, "broker", "MAILER_BROKER_URL")
    assert not list((tmp_path / "h" / "sink").glob("*.eml"))


def test_a_broker_nobody_knows(run: Run) -> None:
    _one_line(run("demo", "--no-web", "--subscribers=3", broker_url="pigeon://loft"), 1, "MAILER_BROKER_URL")


def test_a_key_file_in_the_demos_home(run: Run, tmp_path: Path) -> None:
    inside = str(tmp_path / "h" / "key")
    _one_line(run("demo", "--home", "h", "--no-web", key_file=inside), 1, "inside the data home")


def test_a_setting_that_is_none(run: Run) -> None:
    _one_line(run("demo", web_port="http"), 1, "MAILER_WEB_PORT")


@pytest.mark.parametrize("words", [("worker",), ("campaign", "status"), ("campaign", "start", "1", "--as", "Ada")])
def test_keys_and_database_are_checked_before_anything_is_done(
    run: Run, house: Installation, tmp_path: Path, words: tuple[str, ...]
) -> None:
    home, key = str(house.settings.home), house.settings.key_file
    _one_line(run(*words, home=home, key_file=str(tmp_path / "none")), 1, "no key file")
    key.chmod(0o644)
    _one_line(run(*words, home=home, key_file=str(key)), 1, "chmod 600")
    key.chmod(0o600)
    _one_line(run(*words, home=str(tmp_path / "empty"), key_file=str(key)), 1, "database")
    _one_line(run(*words, home=home, key_file=str(key), database_url="oracle://x"), 1, "MAILER_DATABASE_URL")


def test_a_worker_without_its_broker_does_not_start(run: Run, house: Installation) -> None:
    settings = {"home": str(house.settings.home), "key_file": str(house.settings.key_file)}
    _one_line(run("worker", broker_url="redis://127.0.0.1:1/0", **settings), 1, "broker")


def test_a_campaign_that_is_not_there(run: Run, house: Installation) -> None:
    settings = {"home": str(house.settings.home), "key_file": str(house.settings.key_file)}
    _one_line(run("campaign", "start", "7", "--as", "Ada", **settings), 1, "7")
    _one_line(run("campaign", "status", "seven", **settings), 2, "number")
