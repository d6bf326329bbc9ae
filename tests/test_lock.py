import subprocess
import sys
from pathlib import Path

import pytest

from mailer import lock, workers
from mailer.config import Settings
from mailer.errors import MisconfiguredError, RefusedError, WrongUsageError

# Takes a lock, has a child that outlives it, and waits.
HOLDER = """
import os, sys, time
from pathlib import Path
from mailer import lock
held = lock.take(Path(sys.argv[1]))
child = os.fork()
if child:
    print(child, flush=True)
time.sleep(30)
"""


def test_a_lock_goes_with_its_process_and_not_with_its_children(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        try:
            assert lock.take(path) is None
            holder.kill()
            holder.wait()
            assert Path(f"/proc/{child}").exists()
            held = lock.take(path)
            assert held is not None
            held.close()
        finally:
            subprocess.run(["kill", "-9", str(child)], check=True)  # noqa: S607 — the system's own


def test_a_lock_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MisconfiguredError, match="lock file"):
        lock.take(tmp_path / "file" / "lock")


@pytest.mark.databases("sqlite")
def test_a_name_that_a_living_worker_has(chosen: Settings) -> None:
    path = chosen.home / "workers" / "nightly.lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        child = holder.stdout.readline().strip()
        with pytest.raises(RefusedError, match="named nightly is at work here already: choose another --name"):
            workers.claim_name(chosen, "nightly")
        workers.claim_name(chosen, "daily").close()
        holder.kill()
        subprocess.run(["kill", "-9", child], check=True)  # noqa: S607 — the system's own


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "a b", "é", "-x", "a\n", "a%h", "x" * 65])
def test_a_name_that_could_be_no_file(chosen: Settings, name: str) -> None:
    with pytest.raises(WrongUsageError, match="--name"):
        workers.claim_name(chosen, name)
    assert not chosen.home.exists()
