"""A lane's tempo: how much it takes at once, and for how long it rests where nothing of its last batch left."""

LARGEST_BATCH = 400
_FIRST_BATCH = 10
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0


class Tempo:
    """Batches of about a second, so that a stop or a death touches little.

    ``least``: so many messages that each connection has something to do, however slow the server.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self.batch = _FIRST_BATCH
        self.pause = 0.0
        """Seconds before the next batch."""

    def back_off(self) -> None:
        """Pause, longer each time."""
        self.pause = min(max(self.pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)

    def go_on(self, done: int, seconds: float) -> None:
        """After a batch of which so many were done in so long."""
        self.pause = 0.0
        per_second = int(done / max(seconds, 0.001))
        self.batch = max(self._least, min(LARGEST_BATCH, per_second, self.batch * 2))
