"""The broker: two libraries speak to it and trust the same certificates; a folder is made once, by whoever is first."""

import subprocess
import sys

import pytest

from mailer import config
from mailer.config import load
from mailer.installation import Installation
from worker.throttle.redis import RedisThrottle


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("query", "looked_at"),
    [("", "required"), ("?ssl_cert_reqs=required&ssl_ca_certs=/ca.pem", "required"), ("?ssl_cert_reqs=none", "none")],
)
def test_the_throttle_looks_at_certificates_as_the_broker_does(house: Installation, query: str, looked_at: str) -> None:
    told = load(broker_url=f"rediss://127.0.0.1:1/2{query}")
    throttle = RedisThrottle(Installation(told, house.database, house.keys))
    options = throttle._client.connection_pool.connection_kwargs  # noqa: SLF001 — without a server there is no other way
    assert (options["ssl_cert_reqs"], options["db"]) == (looked_at, 2)
    assert options.get("ssl_ca_certs") == ("/ca.pem" if "ca_certs" in query else None)


@pytest.mark.databases("sqlite")
def test_many_may_begin_on_a_new_folder_at_once(house: Installation) -> None:
    command = "from mailer import queue; from mailer.config import load; queue.wake(queue.app(load()))"
    environment = config.environment(house.settings.model_copy(update={"broker_url": "filesystem://"}))
    together = [
        subprocess.Popen([sys.executable, "-c", command], env=environment, stderr=subprocess.PIPE) for _ in range(6)
    ]
    assert [process.communicate()[1] for process in together] == [b""] * 6
