"""What the tests need of this machine: where it is, how to get what is missing, and that they may mount."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

# Debian keeps these programs out of a person's PATH; of several PostgreSQLs the newest comes first.
_POSTGRESQL = Path("/usr/lib/postgresql")
_SBIN = Path("/usr/sbin")
_FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))

# Packages that are set up ask this file whether they may start their services (invoke-rc.d(8)).
_POLICY = Path("/usr/sbin/policy-rc.d")
_REFUSAL = "#!/bin/sh\n# Put here by Twinletter's `make test` while it installs, and safe to remove.\nexit 101\n"

_UNMOUNTABLE = (
    "Two stories mount a small file system and fill it up:"
    " run this as root, or where sudo asks for no password and mounting is allowed."
)

_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
# Nothing that is there is removed: installing Postfix would push another mail server out.
_INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "--no-remove",
            "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """A program, any one of ``programs``, and the Debian package that brings it; ``beside`` must lie next to it."""

    name: str
    package: str
    programs: tuple[str, ...] = ()
    beside: str = ""

    def path(self) -> Path | None:
        """Where it is, or ``None``."""
        on_path = os.environ.get("PATH", os.defpath).split(os.pathsep)
        for program, folder in product(self.programs, [*on_path, _SBIN, *_postgresql_folders()]):
            found = shutil.which(program, path=str(folder))
            if found and (Path(found).resolve().parent / self.beside).exists():
                return Path(found)
        return None

    def there(self) -> bool:
        """Whether this machine has it."""
        return self.path() is not None if self.programs else _chinese_font()


POSTGRESQL = Need("PostgreSQL (initdb, postgres)", "postgresql", ("initdb",), "postgres")
REDIS = Need("redis-server or valkey-server", "redis-server", ("redis-server", "valkey-server"))
CHROMIUM = Need("Chromium", "chromium", ("chromium", "chromium-browser", "google-chrome"))
SMTP_SINK = Need("smtp-sink (it comes with Postfix)", "postfix", ("smtp-sink",))
FONT = Need("a Chinese font", "fonts-noto-cjk")
SPAMASSASSIN = Need("SpamAssassin", "spamassassin", ("spamassassin",))
NPM = Need("npm", "npm", ("npm",))
FAKETIME = Need("faketime", "faketime", ("faketime",))
IP = Need("ip (iproute2)", "iproute2", ("ip",))
OPENDKIM = Need("OpenDKIM", "opendkim-tools", ("opendkim-testmsg",))
NEEDS = (POSTGRESQL, REDIS, CHROMIUM, SMTP_SINK, FONT, SPAMASSASSIN, NPM, FAKETIME, IP, OPENDKIM)

# What mail programs can do, as caniemail.com gathers it: a package of npm's, of which only the data are wanted.
CANIEMAIL = "caniemail@2.0.2"
_KEPT = Path(sys.prefix) / "share" / "twinletter-tests"


def program(need: Need) -> str:
    """The path of what ``need`` names; RuntimeError where it is missing."""
    path = need.path()
    if path is None:
        raise RuntimeError(complaint([need]))
    return str(path)


def missing() -> list[Need]:
    """What this machine lacks."""
    return [need for need in NEEDS if not need.there()]


def complaint(lacking: Sequence[Need]) -> str:
    """What is missing and what brings it, for a person who has to install it."""
    names = "; ".join(need.name for need in lacking)
    packages = " ".join(need.package for need in lacking)
    return (
        f"The tests need what was not found on this machine: {names}."
        f" Install it (Debian: apt-get install --no-install-recommends {packages}), then run this again."
    )


def caniemail() -> Path:
    """caniemail's data as JSON, kept with the environment. Raises RuntimeError where npm cannot bring them."""
    kept = _KEPT / f"{CANIEMAIL}.json"
    if not kept.exists():
        _KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_KEPT) as folder:
            words = [program(NPM), "pack", "--silent", "--ignore-scripts", f"--pack-destination={folder}", CANIEMAIL]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"npm cannot bring {CANIEMAIL}, which the tests need: {done.stderr.strip()[-500:]}")
            fresh = Path(folder) / "fresh"
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
                data = package.extractfile("package/data/caniemail.json")
                fresh.write_bytes(data.read() if data else b"")
            fresh.replace(kept)
    return kept


def may_mount(root: Sequence[str] | None) -> bool:
    """Whether we can mount a small file system. Not even root always can: a container may withhold it."""
    program = shutil.which("mount")
    if root is None or program is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        words = [*root, program, "-t", "tmpfs", "-o", "size=1m", "twinletter-test", folder]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            return False
        subprocess.run([*root, "umount", folder], check=True)
    return True


def _postgresql_folders() -> list[Path]:
    versions = [folder for folder in _POSTGRESQL.glob("*/bin") if folder.parent.name.isdigit()]
    return sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)


def _chinese_font() -> bool:
    if lister := shutil.which("fc-list"):
        return bool(subprocess.run([lister, ":lang=zh"], capture_output=True, check=False).stdout.strip())
    return any(next(folder.rglob("*CJK*"), None) for folder in _FONTS)


def root() -> list[str] | None:
    """What makes a command root's, without asking for a password; ``None`` where nothing does."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


@contextmanager
def no_service_starts(root: Sequence[str], policy: Path = _POLICY) -> Iterator[None]:
    """For as long as the block lasts, no package starts its service. A policy that was there stays as it is."""
    if policy.exists() and policy.read_text() != _REFUSAL:
        yield
        return
    with tempfile.NamedTemporaryFile("w", suffix=".policy") as file:
        file.write(_REFUSAL)
        file.flush()
        subprocess.run([*root, "install", "--mode=755", file.name, str(policy)], check=True)
    try:
        yield
    finally:
        subprocess.run([*root, "rm", "-f", str(policy)], check=True)


def install(packages: Sequence[str], root: Sequence[str]) -> str:
    """Install Debian packages without a question; what apt-get said last, where it failed, else nothing."""
    environment = [f"{name}={value}" for name, value in _QUIET.items()]
    said = ""
    with no_service_starts(root):
        # Lists that cannot be renewed may still do.
        for words in (("apt-get", "update"), (*_INSTALL, *packages)):
            done = subprocess.run(
                [*root, "env", *environment, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            said = "\n".join((done.stdout + done.stderr).splitlines()[-15:]) if done.returncode else ""
    return said


def main() -> int:
    """Make this machine ready for the tests, or say what it lacks."""
    lacking, how = missing(), root()
    # First of all: nobody is to wait for servers and tests that end in two that cannot be run.
    if not may_mount(how):
        print(" ".join([_UNMOUNTABLE, *([complaint(lacking)] if lacking else [])]), file=sys.stderr)
        return 1
    if lacking and how is not None and shutil.which("apt-get"):
        packages = [need.package for need in lacking]
        print(f"Installing with apt-get what the tests need and this machine lacks: {' '.join(packages)}", flush=True)
        print("(a minute or two; nothing that was there is removed, and no service is started) ...", flush=True)
        if said := install(packages, how):
            print(said, file=sys.stderr)
        lacking = missing()
    if lacking:
        print(complaint(lacking), file=sys.stderr)
        return 1
    try:
        caniemail()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    print("This machine has the servers, the browser, the font, the spam filter and the data that the tests need.")
    return 0


if __name__ == "__main__":
    # Stopped from outside, it still takes its policy away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
