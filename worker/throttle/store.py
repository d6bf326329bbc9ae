"""Which store keeps the throttle: a Redis that all hosts were told of, else the database.

The private Redis of a data home is one host's alone: limits kept there would not be shared.
"""

from mailer import queue
from mailer.installation import Installation
from worker.throttle import Throttle
from worker.throttle.redis import RedisThrottle
from worker.throttle.sql import SqlThrottle

_REDIS = ("redis://", "rediss://", "redis+socket://")


def store(installation: Installation) -> Throttle:
    """The store that all workers of an installation share."""
    url, private = installation.settings.broker_url, f"redis+socket://{queue.folder(installation.settings)}/"
    redis = url.startswith(_REDIS) and not url.startswith(private)
    return RedisThrottle(installation) if redis else SqlThrottle(installation)
