from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from mailer import installation
from mailer.config import load
from mailer.errors import MisconfiguredError, UnavailableError
from mailer.installation import Installation
from mailer.model import Base


def test_the_migrations_make_exactly_the_model(house: Installation) -> None:
    with house.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_keys_of_another_database_are_refused(house: Installation, tmp_path: Path) -> None:
    installation.create(load(home=tmp_path / "other", key_file=tmp_path / "other.key")).database.dispose()
    mixed = house.settings.model_copy(update={"key_file": tmp_path / "other.key"})
    with pytest.raises(MisconfiguredError, match="another database"):
        installation.unlock(mixed)


def test_a_schema_of_a_newer_program_is_refused(house: Installation) -> None:
    with house.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MisconfiguredError, match="9999"):
        installation.unlock(house.settings)


@pytest.mark.databases("sqlite")
def test_a_database_that_is_gone_is_not_made_anew(house: Installation) -> None:
    house.database.dispose()
    (house.settings.home / "twinletter.db").unlink()
    with pytest.raises(UnavailableError, match="does not answer"):
        installation.unlock(house.settings)
    assert not (house.settings.home / "twinletter.db").exists()


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(MisconfiguredError, match="data home"):
        installation.create(load(home=tmp_path / "home", key_file=tmp_path / "key"))


def test_a_home_that_others_write_to_is_left_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "shared"
    home.mkdir()
    home.chmod(0o1777)
    with pytest.raises(MisconfiguredError, match="everybody writes there"):
        installation.create(load(home=home, key_file=tmp_path / "key"))
    assert home.stat().st_mode & 0o7777 == 0o1777
    assert not list(home.iterdir())


@pytest.mark.databases("sqlite")
def test_no_address_and_no_name_stands_in_the_database_files(sending: object, house: Installation) -> None:
    assert sending
    files = [path.read_bytes() for path in house.settings.home.iterdir() if path.is_file()]
    assert any(files)
    for canary in (b"gmail.com", b"@qq.com", b".demo1", "歐陽永".encode()):
        assert not any(canary in content for content in files)
