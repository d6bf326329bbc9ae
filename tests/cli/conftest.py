"""``mailer …`` as a process of its own, with settings of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from mailer import workers
from mailer.demo.organisation import DOMAIN
from mailer.installation import Installation
from tests.nameserver import NameServer, serving

Places = dict[str, str]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Begin = Callable[..., tuple["subprocess.Popen[bytes]", Callable[[], str]]]
_MAILER = [sys.executable, "-c", "from mailer.cli import main; main()"]


def _environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    bare = {k: v for k, v in os.environ.items() if not k.startswith("MAILER_")} | {"TMPDIR": str(folder)}
    return bare | {f"MAILER_{k.upper()}": v for k, v in settings.items()}


@pytest.fixture(scope="session")
def nursery() -> Iterator["subprocess.Popen[str]"]:
    """A process that has read all that a command needs, and forks one for each that is asked for."""
    with subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name("nursery.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process


@pytest.fixture
def run(tmp_path: Path, nursery: "subprocess.Popen[str]") -> Run:
    """A command, and how it ended."""
    numbers = count(1)

    def call(*words: str | bytes, **settings: str) -> "subprocess.CompletedProcess[str]":
        out, err = (tmp_path / f"{name}{next(numbers)}" for name in ("out", "err"))
        wanted = {
            "words": [os.fsdecode(word) for word in words],
            "environment": _environment(tmp_path, settings),
            "folder": str(tmp_path),
            "out": str(out),
            "err": str(err),
        }
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        nursery.stdin.write(json.dumps(wanted) + "\n")
        nursery.stdin.flush()
        code = int(nursery.stdout.readline())
        said, complained = out.read_text(), err.read_text()
        out.unlink()
        err.unlink()
        return subprocess.CompletedProcess([*words], code, said, complained)

    return call


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """A command that goes on until it is stopped, and what it has said so far."""
    numbers = count(1)
    with ExitStack() as stack:

        def call(*words: str, **settings: str) -> tuple["subprocess.Popen[bytes]", Callable[[], str]]:
            log = tmp_path / f"said{next(numbers)}"
            with log.open("wb") as file:
                process = subprocess.Popen(
                    [*_MAILER, *words], env=_environment(tmp_path, settings), cwd=tmp_path,
                    stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
                )  # fmt: skip
            stack.callback(workers.stop, [process], 10.0)
            return process, log.read_text

        yield call


@pytest.fixture
def housed(house: Installation) -> dict[str, str]:
    """The settings that lead to an installation which is there."""
    settings = house.settings
    there = {"home": str(settings.home), "key_file": str(settings.key_file), "database_url": settings.database_url}
    return there | {"public_url": "https://letters.tidewater.example"}


def one_line(result: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
    """One line that complains, with these words in it."""
    assert result.returncode == code, result.stderr
    # Remarks of a demo that had begun may stand before it; the complaint is one line, and the last.
    *remarks, complaint = result.stderr.splitlines()
    assert all(line.startswith(("This demo", "Database:", "0 of")) for line in remarks), result.stderr
    assert complaint.startswith("mailer: ")
    for word in words:
        assert word in complaint


@pytest.fixture
def server() -> Iterator[NameServer]:
    with serving() as started:
        yield started


@pytest.fixture
def places(run: Run, tmp_path: Path, server: NameServer) -> Places:
    """An installation that has just been set up, and that asks our name server."""
    found = {"home": str(tmp_path / "home"), "key_file": str(tmp_path / "key"), "dns": server.address}
    assert run("init", "--staff=Ada", f"--domain={DOMAIN}", **found).returncode == 0
    return found
