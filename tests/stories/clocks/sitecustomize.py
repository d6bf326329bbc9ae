"""For processes whose clock libfaketime sets: it breaks ``time.sleep`` of Python 3.11 (libfaketime's issue 426)."""

import select
import time


def _sleep(seconds: float) -> None:
    select.select((), (), (), seconds)


time.sleep = _sleep
