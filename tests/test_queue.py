"""Which brokers are taken: an option that only one of two libraries knows is refused before anything is begun."""

import pytest

from mailer import queue
from mailer.config import Settings
from mailer.errors import MisconfiguredError
from mailer.installation import Installation
from worker.throttle.redis import RedisThrottle


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:1/0?visibility_timeout=60",
        "redis://127.0.0.1:1/0?ssl_cert_reqs=none",
        "rediss://127.0.0.1:1/0?ssl_cert_reqs=none&db=3",
        "redis+socket:///nowhere/r.sock?virtual_host=0&socket_timeout=x",
    ],
)
def test_an_option_that_is_not_known_is_named(chosen: Settings, url: str) -> None:
    settings = chosen.model_copy(update={"broker_url": url})
    for use in (queue.check, queue.look, queue.app):
        with pytest.raises(MisconfiguredError, match=r"MAILER_BROKER_URL has an option.*: leave it out"):
            use(settings)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("query", "looked_at"),
    [("", "none"), ("?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=/ca.pem", "required"), ("?ssl_cert_reqs=none", "none")],
)
def test_the_throttle_looks_at_certificates_as_the_broker_does(house: Installation, query: str, looked_at: str) -> None:
    told = house.settings.model_copy(update={"broker_url": f"rediss://127.0.0.1:1/2{query}"})
    throttle = RedisThrottle(Installation(told, house.database, house.keys))
    options = throttle._client.connection_pool.connection_kwargs  # noqa: SLF001 — without a server there is no other way
    assert (options["ssl_cert_reqs"], options["db"]) == (looked_at, 2)
    assert options.get("ssl_ca_certs") == ("/ca.pem" if "ca_certs" in query else None)
