"""Commands without the second that reading the program takes: read once, forked for each, else a process like any.

Each line of the input is a command as JSON; each line of the output how one ended.
"""

import json
import os
import signal
import sys

from mailer.cli import main

_LONGEST_SECONDS = 60


def run(words: list[str], environment: dict[str, str], folder: str, out: str, err: str) -> int:
    """The exit code of ``mailer WORDS``; negative for the signal that ended it."""
    child = os.fork()
    if not child:
        _become(words, environment, folder, out, err)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become(words: list[str], environment: dict[str, str], folder: str, out: str, err: str) -> None:
    signal.alarm(_LONGEST_SECONDS)
    for number, path in enumerate((os.devnull, out, err)):
        os.dup2(os.open(path, os.O_CREAT | os.O_RDWR), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["mailer", *words]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 — as the interpreter would
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for line in sys.stdin:
        print(run(**json.loads(line)), flush=True)  # noqa: T201 — the answer
