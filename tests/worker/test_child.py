"""A child that cannot start: one line, and the worker ends rather than fork for ever."""

from pathlib import Path

import pytest

from mailer import workers
from mailer.installation import Installation


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("fault", ["no key", "broken"])
def test_a_fault_that_waiting_does_not_mend_ends_the_worker(house: Installation, tmp_path: Path, fault: str) -> None:
    settings = house.settings.model_copy(update={"broker_url": "filesystem://"})
    if fault == "no key":
        settings.key_file.unlink()
    else:
        # Nobody thought of a folder of that name.
        (settings.home / "throttle.db").mkdir()
    log = tmp_path / "log"
    with log.open("ab") as file:
        worker = workers.start(settings, "w1", 2, file)
    try:
        assert worker.wait(30) == 1
    finally:
        workers.stop([worker], 1.0)
    # One for each child that was forked at the start, and none after them.
    assert 1 <= log.read_text().count("worker.refused") <= 2
