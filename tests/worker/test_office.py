"""What is silent keeps nobody from what answers: ledger, throttle and names are asked in threads of their own."""

import asyncio
import threading

import pytest

from mailer.installation import Installation
from worker.office import Office
from worker.throttle import Grant, Level


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("silent", ["throttle", "names"])
def test_the_ledger_answers_while_others_are_silent(
    house: Installation, office: Office, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    assert house
    speak = threading.Event()

    def hang(*_: object) -> Grant:
        speak.wait(20)
        return Grant(1, 0.0, 0.0)

    async def ask() -> None:
        monkeypatch.setattr(office.throttle, "reserve", hang)
        if silent == "throttle":
            asked = [asyncio.ensure_future(office.reserve([Level("all", 1.0)], 1)) for _ in range(40)]
        else:
            asked = [asyncio.ensure_future(asyncio.to_thread(hang)) for _ in range(40)]
        await asyncio.sleep(0.2)
        try:
            assert await asyncio.wait_for(office.read(lambda _: "here"), 3) == "here"
            assert not any(task.done() for task in asked)
        finally:
            speak.set()
            await asyncio.gather(*asked)

    asyncio.run(ask())
