from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from mailer.errors import MisconfiguredError
from mailer.installation import Installation
from mailer.web import app as web
from mailer.web import serve


@pytest.fixture
def public(house: Installation) -> Iterator[TestClient]:
    with TestClient(web.create(house), base_url="http://127.0.0.1") as client:
        yield client


def test_a_sound_installation_lives_and_is_ready(public: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert public.get(path).text == "ok\n"
        assert public.head(path).status_code == 200
        assert public.get(path).headers["cache-control"] == "no-store"


@pytest.mark.databases("sqlite")
def test_without_its_database_it_lives_and_is_not_ready(house: Installation, public: TestClient) -> None:
    file = house.settings.home / "twinletter.db"
    file.rename(file.with_name("away.db"))
    assert public.get("/healthz").status_code == 200
    answer = public.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database away\n")
    # What a server of ours said is not for readers.
    page = public.get(f"/web/{'0' * 64}?lang=en-GB")
    assert page.status_code == 503
    assert "Please try again" in page.text
    assert "sqlite" not in page.text
    file.with_name("away.db").rename(file)
    assert public.get("/readyz").status_code == 200


def test_a_schema_that_it_does_not_know_is_not_ready(house: Installation, public: TestClient) -> None:
    with house.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = public.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database unknown\n")


def test_a_port_is_given_to_one(house: Installation) -> None:
    app = web.create(house)
    with serve.listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        # Nobody is let in yet, so that a second one may still hope for it.
        with serve.listen("127.0.0.1", port) as second:
            first.listen()
            with pytest.raises(MisconfiguredError, match=f"Port {port} of 127.0.0.1"):
                serve.serve(app, second, lambda _: None)
        with pytest.raises(MisconfiguredError, match="MAILER_WEB_PORT"), serve.listen("127.0.0.1", port):
            pass


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(MisconfiguredError, match="MAILER_WEB_HOST"), serve.listen("nowhere.invalid", 0):
        pass


def test_ports_are_chosen_in_order(house: Installation) -> None:
    settings = house.settings
    assert serve.port(None, settings) == 8025
    assert serve.port(0, settings) == 0
    assert serve.port(None, settings.model_copy(update={"web_port": 81})) == 81
    assert serve.port(82, settings.model_copy(update={"web_port": 81})) == 82
