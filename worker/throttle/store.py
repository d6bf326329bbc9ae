"""Which store keeps the throttle: Redis where it is the broker anyway, else the database."""

from mailer.installation import Installation
from worker.throttle import Throttle
from worker.throttle.redis import RedisThrottle
from worker.throttle.sql import SqlThrottle

_REDIS = ("redis://", "rediss://", "redis+socket://")


def store(installation: Installation) -> Throttle:
    """The store that all workers of an installation share."""
    redis = installation.settings.broker_url.startswith(_REDIS)
    return RedisThrottle(installation) if redis else SqlThrottle(installation)
