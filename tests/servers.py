"""The servers of a test run's own: PostgreSQL, Redis, names, and a browser. What takes mail is in ``sinks``."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

from tests import machine, nameserver
from tests.network import ANY, HUB, Network
from tests.program import Program

_ANSWER_SECONDS = 10.0
_DNS = 53


class Postgres(Program):
    """A PostgreSQL on a unix socket. Not ``durable``: quicker, and only fit for a machine that stays up.

    ``data``: where its data alone is to lie, such as a small file system; ``settings``: postgresql.conf's.
    """

    asking_to_stop = signal.SIGINT

    def __init__(
        self, *, data: Path | None = None, durable: bool = False, place: Network | None = None, **settings: str
    ) -> None:
        super().__init__()
        self.place = place
        self._program = Path(machine.program(machine.POSTGRESQL)).resolve()
        self._data = (self._new_folder(data) if data else self.folder) / "data"
        quick = {} if durable else dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        # Memory that is shared through files of its own folder: a kill leaves none of it behind.
        here = {
            "listen_addresses": HUB if place else "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "100",
            "dynamic_shared_memory_type": "mmap",
        }
        self._settings = here | quick | settings

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://app@/{database}?host={self.folder}"

    def url_from_afar(self, database: str) -> str:
        """The same from another host of its network."""
        return f"postgresql+psycopg://app@{HUB}/{database}"

    def create(self, name: str, template: str | None = None) -> None:
        """A database, as a copy of ``template`` where one is named."""
        copied = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        self._order(sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(name), copied))

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._order(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def shut(self, name: str) -> None:
        """Let nobody into a database, and throw out who is there."""
        self._admit(name, whether="false")
        self._throw_out(name)

    def open(self, name: str) -> None:
        """Let everybody in again."""
        self._admit(name, whether="true")

    def read_only(self, name: str, *, on: bool) -> None:
        """Take no writes in a database, or take them again; who is there is thrown out, and finds it so."""
        order = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
        self._order(order.format(sql.Identifier(name), sql.SQL("on" if on else "off")))
        self._throw_out(name)

    def use_up_log(self, megabytes: int = 64) -> None:
        """Write to its write-ahead log until it has no room for it any more, which ends it, or that much was written.

        Rows and pages in use leave room for a while on a full disk; the log soon does not.
        """
        with suppress(psycopg.OperationalError):
            for _ in range(megabytes):
                self._order(sql.SQL("SELECT pg_logical_emit_message(true, 'filler', repeat('x', 1 << 20))"))

    def _throw_out(self, name: str) -> None:
        who = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
        self._order(who.format(sql.Literal(name)))

    def _admit(self, name: str, *, whether: str) -> None:
        order = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
        self._order(order.format(sql.Identifier(name), sql.Literal(whether)))

    def start(self) -> None:
        if not self._data.exists():
            words = ["-D", str(self._data), "-U", "app", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
            made = subprocess.run(
                [*self._before(), str(self._program), *words],
                capture_output=True,
                text=True,
                check=False,
                **self._surroundings(),
            )
            if made.returncode:
                raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
            with (self._data / "pg_hba.conf").open("a") as file:
                file.write(f"host all all {ANY} trust\n")
        super().start()

    def command(self) -> list[str]:
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._program.with_name("postgres")), "-D", str(self._data), *settings]

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            self._order(sql.SQL("SELECT 1"))
            return True
        return False

    def _order(self, statement: sql.Composed | sql.SQL) -> None:
        with psycopg.connect(host=str(self.folder), user="app", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


class Redis(Program):
    """A Redis or Valkey on a unix socket; ``appendonly``: what it knows outlives it."""

    url_from_afar = f"redis://{HUB}:6379/0"
    """The same from another host of its network."""

    def __init__(self, *, appendonly: bool = False, place: Network | None = None) -> None:
        super().__init__()
        self.place = place
        self._socket = self.folder / "redis.sock"
        self._appendonly = "yes" if appendonly else "no"

    @property
    def url(self) -> str:
        return f"redis+socket://{self._socket}?virtual_host=0"

    def flush(self) -> None:
        """Make it forget everything."""
        if not self.say(b"FLUSHALL\r\n").startswith(b"+OK"):
            raise RuntimeError("Redis does not flush")

    def command(self) -> list[str]:
        where = ("--bind", HUB, "--protected-mode", "no") if self.place else ("--port", "0")
        return [machine.program(machine.REDIS), *where, "--unixsocket", str(self._socket),
                "--dir", str(self.folder), "--save", "", "--appendonly", self._appendonly]  # fmt: skip

    def answers(self) -> bool:
        return self.say(b"PING\r\n").startswith(b"+PONG")

    def say(self, words: bytes) -> bytes:
        """Its answer, if it is a short one."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_ANSWER_SECONDS)
            client.connect(str(self._socket))
            client.sendall(words)
            return client.recv(64)


class Zone(Program):
    """A name server on the hub of a network, for who runs in it."""

    ours = True
    address = f"{HUB}:{_DNS}"
    """For MAILER_DNS."""

    def __init__(self, place: Network, records: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.place = place
        self._records = self.folder / "records.json"
        self._records.write_text(json.dumps(records))

    def command(self) -> list[str]:
        return [sys.executable, "-P", nameserver.__file__, HUB, str(_DNS), str(self._records)]

    def answers(self) -> bool:
        return self.listens(_DNS)


class Chromium(Program):
    """A headless browser that Playwright can connect to."""

    def __init__(self) -> None:
        super().__init__()
        self._profile = self.folder / "profile"

    @property
    def endpoint(self) -> str:
        """What ``playwright.chromium.connect_over_cdp`` wants."""
        return f"http://127.0.0.1:{self._port()}"

    def command(self) -> list[str]:
        # No sandbox: it needs rights that containers withhold, and this browser sees our own pages only.
        return [machine.program(machine.CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--disable-breakpad", f"--user-data-dir={self._profile}",
                "--remote-debugging-port=0", "about:blank"]  # fmt: skip

    def answers(self) -> bool:
        socket.create_connection(("127.0.0.1", self._port()), 1).close()
        return True

    def _port(self) -> int:
        said = (self._profile / "DevToolsActivePort").read_text().split()
        if not said:
            # Made, and not yet written.
            raise FileNotFoundError(self._profile)
        return int(said[0])


@contextmanager
def chromium() -> Iterator[str]:
    """A browser's endpoint, for as long as the block lasts."""
    with Chromium() as browser:
        yield browser.endpoint
