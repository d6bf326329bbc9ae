"""A network of a test's own: hosts in network namespaces around a hub, each on a cable that can be cut.

Nothing in it reaches any other network. It takes root, or sudo without a password.
"""

import os
import pwd
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests import machine

HUB = "198.18.0.1"
"""The hub's address, of those set aside for trials (RFC 2544)."""
ANY = "198.18.0.0/24"


class Network:
    """Hosts by name; see ``network``."""

    def __init__(self, root: Sequence[str]) -> None:
        self._root = root
        self._mark = f"tl{os.getpid()}"

    def prefix(self, host: str, account: str | None = None, environment: Mapping[str, str] | None = None) -> list[str]:
        """What stands before a command that is to run on a host, as another account where one is named."""
        words = [*self._root, machine.program(machine.IP), "netns", "exec", self._space(host)]
        who = pwd.getpwnam(account) if account else pwd.getpwuid(os.geteuid())
        words += ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups", "--"]
        # sudo passes no environment on.
        return [*words, "env", *(f"{name}={value}" for name, value in (environment or {}).items())]

    def cut(self, host: str) -> None:
        """What is sent to or from a host is lost, and nobody is told."""
        self._ip("-n", self._space("hub"), "link", "set", host, "down")

    def mend(self, host: str) -> None:
        self._ip("-n", self._space("hub"), "link", "set", host, "up")

    def settle(self, *addresses: str) -> None:
        """Give the hub more addresses: whatever they are elsewhere, in here they are its own, any port for anybody."""
        for address in addresses:
            self._ip("-n", self._space("hub"), "address", "add", f"{address}/32", "dev", "bridge")
        lowest = "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start"
        words = [machine.program(machine.IP), "netns", "exec", self._space("hub"), "sh", "-c", lowest]
        subprocess.run([*self._root, *words], check=True)

    def lay(self, hosts: Sequence[str]) -> None:
        """The hub, and each host on a cable to it."""
        hub = self._space("hub")
        self._ip("netns", "add", hub)
        self._ip("-n", hub, "link", "set", "lo", "up")
        self._ip("-n", hub, "link", "add", "bridge", "type", "bridge")
        self._ip("-n", hub, "address", "add", f"{HUB}/24", "dev", "bridge")
        self._ip("-n", hub, "link", "set", "bridge", "up")
        for number, host in enumerate(hosts, 2):
            space = self._space(host)
            self._ip("netns", "add", space)
            self._ip("-n", hub, "link", "add", host, "type", "veth", "peer", "name", "cable", "netns", space)
            self._ip("-n", hub, "link", "set", host, "master", "bridge", "up")
            self._ip("-n", space, "link", "set", "lo", "up")
            self._ip("-n", space, "address", "add", f"{HUB[:-1]}{number}/24", "dev", "cable")
            self._ip("-n", space, "link", "set", "cable", "up")
            self._ip("-n", space, "route", "add", "default", "via", HUB)

    def remove(self, hosts: Sequence[str]) -> None:
        for host in ("hub", *hosts):
            subprocess.run(
                [*self._root, machine.program(machine.IP), "netns", "delete", self._space(host)], check=False
            )

    def _space(self, host: str) -> str:
        return f"{self._mark}-{host}"

    def _ip(self, *words: str) -> None:
        subprocess.run([*self._root, machine.program(machine.IP), *words], check=True)


@contextmanager
def network(*hosts: str) -> Iterator[Network]:
    """A network with these hosts, for as long as the block lasts."""
    root = machine.root()
    assert root is not None, "a network of a test's own takes root, or sudo without a password"
    made = Network(root)
    try:
        made.lay(hosts)
        yield made
    finally:
        made.remove(hosts)
