import json
import tarfile
from pathlib import Path

import pytest

from tests import machine


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without anything; its only folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(machine, "_SBIN", tmp_path / "none")
    monkeypatch.setattr(machine, "_POSTGRESQL", tmp_path / "postgresql")
    monkeypatch.setattr(machine, "_FONTS", (tmp_path / "fonts",))
    monkeypatch.setattr(machine, "_KEPT", tmp_path / "kept")
    return folder


def _put(path: Path, script: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o755)
    path.write_text(script and f"#!/bin/sh\n{script}\n")


def test_everything_that_is_missing_is_named_with_its_package(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(bare.iterdir()) == []
    assert machine.main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    for word in (
        "initdb",
        "postgres",
        "redis-server",
        "valkey-server",
        "Chromium",
        "smtp-sink",
        "Chinese font",
        "npm",
        "root",
        "SpamAssassin",
        "faketime",
        "iproute2",
        "OpenDKIM",
    ):
        assert word in said.err
    packages = "postgresql redis-server chromium postfix fonts-noto-cjk spamassassin npm faketime iproute2"
    assert f"{packages} opendkim-tools" in said.err


def test_who_may_not_mount_is_told_so_before_anything_else(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for program in (
        "initdb",
        "postgres",
        "redis-server",
        "chromium",
        "smtp-sink",
        "spamassassin",
        "npm",
        "faketime",
        "ip",
        "opendkim-testmsg",
    ):
        _put(bare / program)
    _put(tmp_path / "kept" / f"{machine.CANIEMAIL}.json", "exit 0")
    _put(tmp_path / "fonts" / "NotoSansCJK-Regular.ttc")
    # For whoever is not root already.
    _put(bare / "sudo", 'shift; exec "$@"')
    for program, code in (("true", 0), ("umount", 0), ("mount", 32)):
        _put(bare / program, f"exit {code}")
    assert machine.main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "root" in said.err
    _put(bare / "mount", "exit 0")
    assert machine.main() == 0


def test_only_what_is_missing_is_named(bare: Path, tmp_path: Path) -> None:
    for program in ("valkey-server", "google-chrome", "smtp-sink", "spamassassin", "npm", "faketime", "ip"):
        _put(bare / program)
    _put(bare / "opendkim-testmsg")
    _put(tmp_path / "fonts" / "opentype" / "NotoSansCJK-Regular.ttc")
    assert machine.missing() == [machine.POSTGRESQL]
    assert "font" not in machine.complaint(machine.missing())
    with pytest.raises(RuntimeError, match="postgresql"):
        machine.program(machine.POSTGRESQL)


def test_the_newest_postgresql_is_taken_unless_path_names_one(bare: Path, tmp_path: Path) -> None:
    for version in ("9", "13", "17"):
        _put(tmp_path / "postgresql" / version / "bin" / "initdb")
    # Without the server beside it the command is of no use.
    for version in ("9", "13"):
        _put(tmp_path / "postgresql" / version / "bin" / "postgres")
    assert machine.program(machine.POSTGRESQL) == str(tmp_path / "postgresql" / "13" / "bin" / "initdb")
    (bare / "initdb").symlink_to(tmp_path / "postgresql" / "9" / "bin" / "initdb")
    assert machine.program(machine.POSTGRESQL) == str(bare / "initdb")


def test_the_data_of_mail_programs_are_fetched_once_and_nothing_of_the_package_is_run(
    bare: Path, tmp_path: Path
) -> None:
    data = tmp_path / "package" / "data" / "caniemail.json"
    _put(data)
    data.write_text('{"data": []}')
    with tarfile.open(tmp_path / "packed.tgz", "w:gz") as package:
        package.add(tmp_path / "package", "package")
    _put(bare / "npm", f'/bin/echo "$@" >> {tmp_path}/asked; /bin/cp {tmp_path}/packed.tgz caniemail.tgz')
    for _ in range(2):
        assert json.loads(machine.caniemail().read_text()) == {"data": []}
    (asked,) = (tmp_path / "asked").read_text().splitlines()
    assert asked.startswith("pack ")
    assert asked.endswith(" " + machine.CANIEMAIL)
    assert "--ignore-scripts" in asked


def test_data_that_cannot_be_fetched_are_told_of_in_npms_words(bare: Path, tmp_path: Path) -> None:
    _put(bare / "npm", "/bin/echo no such registry >&2; exit 1")
    with pytest.raises(RuntimeError, match=r"npm cannot bring caniemail@[0-9.]+.*: no such registry"):
        machine.caniemail()
    assert list((tmp_path / "kept").iterdir()) == []


def test_services_are_kept_from_starting_only_while_packages_are_installed(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"

    def install() -> None:
        with machine.no_service_starts([], policy):
            assert policy.read_text().endswith("exit 101\n")
            assert policy.stat().st_mode & 0o777 == 0o755
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install()
    assert not policy.exists()


def test_a_policy_that_was_there_is_left_alone(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    with machine.no_service_starts([], policy):
        assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
