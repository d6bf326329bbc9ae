import pytest

from mailer.reply import CLASSES, Class
from worker.backoff import delay


@pytest.mark.parametrize("kind", [*CLASSES.values(), None])
def test_each_class_has_its_own_patience_and_never_all_come_at_once(kind: Class | None) -> None:
    waits = kind.waits if kind else CLASSES["later"].waits
    for tries in range(1, 60):
        step = waits[min(tries, len(waits)) - 1]
        found = {delay(tries, kind) for _ in range(20)}
        assert len(found) == 20
        assert step * 0.8 <= min(found) <= max(found) <= step * 1.2
