"""How much a lane takes at once, and how long it rests."""

from worker.tempo import LARGEST_BATCH, Tempo

CONNECTIONS = 3


def _after(*batches: tuple[int, float]) -> int:
    tempo = Tempo(CONNECTIONS)
    for done, seconds in batches:
        tempo.go_on(done, seconds)
    return tempo.batch


def test_a_batch_takes_about_a_second_and_grows_by_steps() -> None:
    first = Tempo(CONNECTIONS).batch
    assert _after((first, 0.001)) == 2 * first
    assert _after((first, first / 5)) == 5
    assert _after(*[(400, 0.1)] * 20) == LARGEST_BATCH
    # No time at all, by a clock that is not fine enough.
    assert _after((first, 0.0)) == 2 * first


def test_each_connection_has_something_to_do_however_slow_the_server() -> None:
    assert _after((1, 60.0)) == CONNECTIONS
    assert _after((0, 60.0)) == CONNECTIONS


def test_it_rests_longer_each_time_until_something_leaves() -> None:
    tempo, pauses = Tempo(CONNECTIONS), []
    for _ in range(7):
        tempo.back_off()
        pauses.append(tempo.pause)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    tempo.go_on(1, 1.0)
    assert tempo.pause == 0.0
    tempo.back_off()
    assert tempo.pause == 0.5
