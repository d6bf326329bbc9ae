"""For processes whose clock libfaketime sets: it breaks ``time.sleep`` of Python 3.11 (libfaketime's issue 426)."""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    select.select((), (), (), float(seconds))


time.sleep = _sleep
