"""A program that a test run starts for itself: a private folder, an unprivileged account, and an end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from tests import guard
from tests.network import Network

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02
# TCP's state in the kernel's tables.
_LISTEN = "0A"
_NOBODY = "nobody"


class Program:
    """Started and answering inside ``with``, gone without a trace behind it; it may be stopped and started anew."""

    asking_to_stop = signal.SIGTERM
    ours = False
    """Whether it is code of ours, which an account that owns nothing might not be able to read."""

    place: Network | None = None
    """Where it runs, on the hub, if not on this machine's own network."""

    def __init__(self) -> None:
        self._folders: list[Path] = []
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = self._new_folder()

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it does its work; OSError and ValueError count as no."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it and wait until it answers; RuntimeError with its last words where it does not."""
        log = self.folder / "log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                [*self._before(), *self.command()],
                stdout=file,
                stderr=file,
                start_new_session=True,
                **self._surroundings(),
            )
        self._process = process
        guard.note("+", process.pid)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                words = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
                raise RuntimeError(f"{type(self).__name__} did not start:\n{words}")
            time.sleep(_POLL_SECONDS)

    def running(self) -> bool:
        """Whether it lives, as far as it was not stopped."""
        return self._process is not None and self._process.poll() is None

    def listens(self, port: int) -> bool:
        """Whether somebody listens on a TCP port where it runs, be that a network of its own."""
        assert self._process is not None
        table = Path(f"/proc/{self._process.pid}/net/tcp").read_text().splitlines()[1:]
        found = (line.split()[1:4] for line in table)
        return any(int(here.partition(":")[2], 16) == port and state == _LISTEN for here, _, state in found)

    def stop(self, *, hard: bool = False) -> None:
        """Ask it to end, and wait; ``hard``: kill it at once, with all that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        family = _family(process.pid)
        if not hard:
            process.send_signal(self.asking_to_stop)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
        for pid in _living(family):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + _STOP_SECONDS
        while _living(family) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        guard.note("-", process.pid)

    def kill(self) -> None:
        """Stop it hard."""
        self.stop(hard=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It and all that it started stand still for as long as the block lasts, with every connection open."""
        assert self._process is not None
        # Whom it starts meanwhile is started by nobody: it stands still first.
        os.kill(self._process.pid, signal.SIGSTOP)
        family = _living(_family(self._process.pid))
        try:
            for pid in family:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in reversed(family):
                os.kill(pid, signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
            guard.note("-", str(folder))

    def _answers(self) -> bool:
        try:
            return self.answers()
        except (OSError, ValueError):
            return False

    def _new_folder(self, parent: Path | None = None) -> Path:
        """A folder that the server's account owns and that goes with the server."""
        folder = given(Path(tempfile.mkdtemp(prefix="twinletter-test-", dir=parent)))
        self._folders.append(folder)
        guard.note("+", str(folder))
        return folder

    def _before(self) -> list[str]:
        account = _NOBODY if os.geteuid() == 0 and not self.ours else None
        return self.place.prefix("hub", account) if self.place else []

    def _surroundings(self) -> dict[str, Any]:
        """Nothing of the settings, proxies and folders of whoever runs the tests."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        account = {} if self.ours or self.place else _account()
        return {"cwd": self.folder, "env": environment, "stdin": subprocess.DEVNULL, **account}


def _account() -> dict[str, Any]:
    """What starts a program as nobody where we are root; an ordinary person's programs stay theirs."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam(_NOBODY)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def given(folder: Path) -> Path:
    """A folder that belongs to the account of the servers."""
    account = _account()
    os.chown(folder, account.get("user", -1), account.get("group", -1))
    return folder


def _birth(pid: int) -> str:
    """When a process began, in the kernel's ticks: with its number it names one process. Nothing once it is dead."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _family(pid: int) -> dict[int, str]:
    """A process and all that it started, with their births: neither PostgreSQL's nor Chromium's stay in one group."""
    found = {pid: _birth(pid)}
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found |= _family(int(child))
    return found


def _living(family: dict[int, str]) -> list[int]:
    return [pid for pid, birth in family.items() if birth and _birth(pid) == birth]
