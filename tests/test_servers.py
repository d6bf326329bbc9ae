import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import sync_playwright

from tests.servers import Chromium, Postgres, Redis

# All of these start something.
pytestmark = pytest.mark.usefixtures("servers")


def _count(server: Postgres) -> int:
    with psycopg.connect(host=str(server.folder), user="app", dbname="kept") as connection:
        return len(connection.execute("SELECT * FROM note").fetchall())


def test_postgresql_keeps_what_it_committed_when_it_is_killed() -> None:
    with Postgres(durable=True) as server:
        folder = server.folder
        server.create("kept")
        with psycopg.connect(host=str(folder), user="app", dbname="kept") as connection:
            connection.execute("CREATE TABLE note (n int)")
            connection.execute("INSERT INTO note VALUES (1), (2)")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            _count(server)
        server.start()
        assert _count(server) == 2
        server.restart()
        assert _count(server) == 2
    assert not folder.exists()


def test_redis_keeps_or_forgets_as_told() -> None:
    for appendonly, kept in ((True, b"$2\r\nhi\r\n"), (False, b"$-1\r\n")):
        with Redis(appendonly=appendonly) as server:
            server.say(b"SET greeting hi\r\n")
            server.kill()
            server.start()
            assert server.say(b"GET greeting\r\n") == kept
            server.flush()
            assert server.say(b"GET greeting\r\n") == b"$-1\r\n"


def test_a_browser_shows_chinese() -> None:
    with Chromium() as browser, sync_playwright() as playwright:
        page = playwright.chromium.connect_over_cdp(browser.endpoint).new_page()
        page.set_content("<p lang=zh-Hant-HK>潮汐書舍</p>")
        assert page.inner_text("p") == "潮汐書舍"


def test_a_server_that_does_not_come_up_says_why() -> None:
    with pytest.raises(RuntimeError, match="max_connections"), Postgres(max_connections="none"):
        pass


def test_servers_run_unprivileged() -> None:
    with Redis() as server:
        owner = server.folder.stat().st_uid
    assert owner == (pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid())


def test_a_run_that_is_killed_leaves_no_server_behind() -> None:
    program = "from tests.servers import Redis\nwith Redis() as r:\n    print(r.folder, flush=True)\n    input()\n"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        assert (folder / "redis.sock").exists()
        run.kill()
    deadline = time.monotonic() + 10
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
