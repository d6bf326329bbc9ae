"""What is remembered of names: for as long as it holds, and of no more than so many."""

import pytest

from mailer import clock
from worker.transport.memory import Memory


def test_a_value_holds_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory[str](10)
    memory.keep("school.edu.hk", "one", 60)
    assert (memory.get("school.edu.hk"), memory.get("other.hk")) == ("one", None)
    memory.keep("school.edu.hk", "two", 60)
    assert memory.get("school.edu.hk") == "two"
    now = clock.monotonic
    monkeypatch.setattr(clock, "monotonic", lambda: now() + 60)
    assert memory.get("school.edu.hk") is None


def test_of_more_than_it_holds_the_oldest_is_forgotten() -> None:
    memory = Memory[int](3)
    for number in range(4):
        memory.keep(f"{number}.hk", number, 60)
    memory.keep("1.hk", 1, 60)
    memory.keep("4.hk", 4, 60)
    assert [memory.get(f"{number}.hk") for number in range(5)] == [None, 1, None, 3, 4]


def test_no_name_is_kept() -> None:
    memory = Memory[int](3)
    memory.keep("school.edu.hk", 1, 60)
    other = Memory[int](3)
    other.keep("school.edu.hk", 1, 60)
    kept = repr(vars(memory))
    assert "school" not in kept
    # Nor can who sees what is kept try names: each memory hashes under a key of its own.
    assert next(iter(vars(memory)["_kept"])) != next(iter(vars(other)["_kept"]))
