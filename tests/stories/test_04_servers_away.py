"""Redis forgets, dies and comes back; PostgreSQL dies and comes back; disks fill up: sending waits and goes on."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from mailer import clock
from tests.patience import meanwhile, until
from tests.program import given
from tests.servers import Postgres, Redis
from tests.stories.conftest import LOCAL, SERVED, TLS_AT_LENGTH, Scene, Setting, judge

PEOPLE = 1200
RATE = 150.0


def _taken(scene: Scene, n: int) -> bool:
    return scene.sink.taken() >= n


def _all_is_well(scene: Scene) -> None:
    scene.dismiss()
    verdict = judge(scene)
    assert len(verdict.states) == PEOPLE
    assert (verdict.missing, verdict.doubled, verdict.uncertain) == (set(), set(), set())


@pytest.mark.promise(5)
@pytest.mark.parametrize("setting", [SERVED, TLS_AT_LENGTH], indirect=True)
def test_redis_is_flushed_killed_and_started_again(setting: Setting) -> None:
    with Redis() as redis:
        scene = setting(PEOPLE, RATE, tick=1.0, broker_url=redis.url)
        scene.hire("w1")
        scene.hire("w2")
        scene.begin()
        until(lambda: _taken(scene, PEOPLE // 6), 60)
        redis.flush()
        until(lambda: _taken(scene, PEOPLE // 3), 60)
        redis.kill()
        clock.sleep(3)
        before = scene.sink.taken()
        redis.start()
        until(lambda: _taken(scene, before + 50), 30)
        until(scene.finished, 60)
        _all_is_well(scene)
        assert "Redis" in scene.log.read_text()


@pytest.mark.promise(6)
@pytest.mark.parametrize("setting", [SERVED, TLS_AT_LENGTH], indirect=True)
@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_postgresql_is_restarted(setting: Setting, how: str) -> None:
    with Postgres(durable=True) as postgres:
        scene = setting(PEOPLE, RATE, tick=1.0, database_url=postgres.url())
        scene.hire("w1")
        scene.hire("w2")
        scene.begin()
        until(lambda: _taken(scene, PEOPLE // 4), 60)
        postgres.stop(hard=how == "killed")
        clock.sleep(3)
        # Nobody can be told what was sent, so little more is.
        still = scene.sink.taken()
        clock.sleep(2)
        assert scene.sink.taken() == still
        postgres.start()
        until(scene.finished, 60)
        _all_is_well(scene)
        assert "database does not answer" in scene.log.read_text()


@contextmanager
def small(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own with little room. Needs the right to mount one."""
    folder.mkdir()
    how = [] if os.geteuid() == 0 else ["sudo", "-n"]
    words = [*how, "mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "twinletter-test", str(folder)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    assert mounted.returncode == 0, f"this test mounts a small tmpfs: run it as root ({mounted.stderr.strip()})"
    try:
        yield folder
    finally:
        subprocess.run([*how, "umount", "-l", str(folder)], check=True)
        folder.rmdir()


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """No room at all for as long as the block lasts, whatever others give up meanwhile."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            _fill(file)
            with meanwhile(lambda: _fill(file), every=0.05):
                yield
    finally:
        filler.unlink()


def _fill(file: IO[bytes]) -> None:
    size = 1 << 20
    while size:
        with suppress(OSError):
            while file.write(bytes(size)) == size:
                pass
        size //= 16


@pytest.mark.promise(6)
@pytest.mark.parametrize("setting", [SERVED], indirect=True)
def test_the_disk_of_postgresql_is_full(setting: Setting, tmp_path: Path) -> None:
    with small(Path("/tmp") / f"twinletter-{os.getpid()}", 200) as disk:  # noqa: S108 — others must reach it
        given(disk)
        # What it has done with it throws away, and so must find room for more.
        with Postgres(data=disk, durable=True, max_wal_size="32MB", min_wal_size="32MB", wal_recycle="off") as postgres:
            scene = setting(PEOPLE, RATE, tick=1.0, database_url=postgres.url())
            assert tmp_path
            scene.hire("w1")
            scene.hire("w2")
            scene.begin()
            until(lambda: _taken(scene, PEOPLE // 4), 60)
            with full(disk):
                postgres.use_up_log()
                until(lambda: "database does not answer" in scene.log.read_text(), 60)
                clock.sleep(2)
            if not postgres.running():
                # Without room for its log it ends rather than lie; somebody starts it again.
                postgres.start()
            until(scene.finished, 90)
            _all_is_well(scene)


@pytest.mark.promise(6)
@pytest.mark.parametrize("setting", [LOCAL], indirect=True)
def test_the_disk_of_the_data_home_is_full(setting: Setting, tmp_path: Path) -> None:
    """Database, journal and broker at once."""
    with small(tmp_path / "small", 60) as disk:
        scene = setting(PEOPLE, RATE, tick=1.0, home=disk / "home")
        scene.hire("w1")
        scene.hire("w2")
        scene.begin()
        until(lambda: _taken(scene, PEOPLE // 4), 60)
        with full(disk):
            clock.sleep(6)
            still = scene.sink.taken()
            clock.sleep(2)
            assert scene.sink.taken() == still
        assert still < PEOPLE
        until(scene.finished, 90)
        _all_is_well(scene)
