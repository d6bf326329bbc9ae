"""The guard of a test run's servers: when the run is gone, however it ended, it ends what was left."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

_process: "subprocess.Popen[str] | None" = None


def note(sign: str, what: int | str) -> None:
    """Tell the guard that a process or a folder is there (``+``), or is no more (``-``)."""
    global _process  # noqa: PLW0603 — one guard for all servers of this run
    if _process is None:
        # A session of its own: Ctrl-C in the terminal is not meant for it.
        _process = subprocess.Popen(
            [sys.executable, "-P", __file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        atexit.register(_leave, _process)
    assert _process.stdin is not None
    _process.stdin.write(f"{sign}{what}\n")
    _process.stdin.flush()


def _leave(process: "subprocess.Popen[str]") -> None:
    process.communicate()


def main() -> None:
    left: set[str] = set()
    # Whoever holds the other end is gone when this ends.
    for line in sys.stdin:
        (left.add if line[0] == "+" else left.discard)(line[1:].rstrip("\n"))
    for process in filter(str.isdigit, left):
        with suppress(OSError):
            os.killpg(int(process), signal.SIGKILL)
    for folder in left:
        if not folder.isdigit():
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
