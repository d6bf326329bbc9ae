import socket
from collections.abc import Iterator

import httpx2
import pytest
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from mailer import clock
from mailer.demo.mailbox import Mailbox
from mailer.demo.show import Stage
from mailer.demo.site import site
from mailer.events.replay import Replayed, replay
from mailer.i18n import AUTOMATIC, EN, ZH, modes
from mailer.installation import Installation
from mailer.log import configure
from mailer.model import Campaign, Event, Subscriber, Subscription, SubscriptionState, Variant
from mailer.web import app as web
from tests.site import serving

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def public(house: Installation) -> Iterator[TestClient]:
    with TestClient(web.create(house), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def demo(house: Installation, sending: Campaign) -> Iterator[TestClient]:
    stage = Stage(house, sending.id, Mailbox(house.settings.home / "sink"))
    with TestClient(site(stage), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def link(house: Installation, sending: Campaign) -> str:
    """The unsubscribe page of one reader, who reads English first."""
    with house.database.read() as session:
        ref = session.scalars(select(Subscriber.ref).where(Subscriber.mode == "en-GB").limit(1)).one()
    return f"/u/{house.keys.unsubscribe_token(ref, sending.topic_id)}"


def _withdrawn(house: Installation) -> int:
    with house.database.read() as session:
        counted = select(func.count()).where(Subscription.state == SubscriptionState.WITHDRAWN)
        return session.scalar(counted) or 0


def test_looking_at_the_page_changes_nothing(house: Installation, public: TestClient, link: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        public.request(method, link)
        public.request(method, f"{link}?lang=zh-Hant-HK&undo=1")
    assert _withdrawn(house) == 0


def test_one_click_unsubscribes_without_cookie_or_redirect(house: Installation, public: TestClient, link: str) -> None:
    for _ in range(2):  # a provider may ask again
        answer = public.post(link, content=b"List-Unsubscribe=One-Click", headers=FORM, follow_redirects=False)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert _withdrawn(house) == 1
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 1


def test_the_button_unsubscribes_and_a_mistake_can_be_undone(
    house: Installation, public: TestClient, link: str
) -> None:
    origin = {"sec-fetch-site": "same-origin"}
    done = public.post(f"{link}?lang=en-GB", headers=origin)
    assert "You have unsubscribed" in done.text
    assert _withdrawn(house) == 1
    undone = public.post(f"{link}?lang=en-GB", content=b"undo=1", headers=origin)
    assert "You are subscribed again" in undone.text
    assert _withdrawn(house) == 0


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("?lang=zh-Hant-HK", "en", "zh-Hant-HK"),
        ("?lang=en-GB", "zh-HK", "en-GB"),
        ("?lang=zh-TW", "en", "zh-Hant-HK"),
        ("?lang=zh-CN", "en", "zh-Hans-CN"),
        ("", "zh-HK", "en-GB"),  # what the reader chose counts more than the browser
        ("?lang=xx", "zh-HK", "en-GB"),
    ],
)
def test_the_page_speaks_the_mails_language(
    public: TestClient, link: str, query: str, accept: str, language: str
) -> None:
    page = public.get(link + query, headers={"accept-language": accept})
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language


def test_a_withdrawal_is_in_its_file_before_the_page_answers(
    house: Installation, public: TestClient, link: str
) -> None:
    for content in (b"", b"", b"undo=1"):
        assert public.post(link, content=content).status_code == 200
    kinds = [line.split()[1] for line in house.settings.withdrawals.read_text().splitlines()]
    assert kinds == ["withdraw", "restore"]
    assert replay(house) == Replayed()


@pytest.mark.parametrize(
    ("accept", "query", "language"), [("zh-HK", "", "en-GB"), ("en", "?lang=zh-Hant-HK", "zh-Hant-HK")]
)
def test_a_page_that_cannot_keep_a_withdrawal_says_so(
    house: Installation, public: TestClient, link: str, accept: str, query: str, language: str
) -> None:
    house.settings.withdrawals.mkdir()
    for content in (b"List-Unsubscribe=One-Click", b""):
        answer = public.post(link + query, content=content, headers=FORM | {"accept-language": accept})
        assert answer.status_code == 503
        assert f'<html lang="{language}">' in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    if language == "en-GB":
        assert "nothing was changed" in answer.text
    assert _withdrawn(house) == 0
    assert public.get(link).status_code == 200


def test_a_withdrawal_that_cannot_be_undone_stays(house: Installation, public: TestClient, link: str) -> None:
    public.post(link)
    house.settings.withdrawals.unlink()
    house.settings.withdrawals.mkdir()
    assert public.post(link, content=b"undo=1").status_code == 503
    assert public.post(link).status_code == 200  # done before: there is nothing to keep
    assert _withdrawn(house) == 1


@pytest.mark.parametrize("token", ["", "x", "A" * 50, "%00", "é", "../../etc/passwd", "A" * 4000])
def test_a_link_that_is_none_is_a_page_in_the_readers_language(public: TestClient, token: str) -> None:
    for answer in (public.get(f"/u/{token}?lang=zh-Hant-HK"), public.post(f"/u/{token}?lang=zh-Hant-HK")):
        assert answer.status_code in {404, 405}
        assert "Traceback" not in answer.text
    assert '<html lang="zh-Hant-HK">' in public.get(f"/u/{token}?lang=zh-Hant-HK").text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1"},
        {"origin": "http://127.0.0.1:81"},
    ],
)
def test_a_post_from_elsewhere_is_refused(
    house: Installation, public: TestClient, link: str, headers: dict[str, str]
) -> None:
    assert public.post(link, headers=headers).status_code == 403
    assert _withdrawn(house) == 0


@pytest.mark.databases("sqlite")
def test_a_post_that_is_torn_off_changes_nothing_and_is_no_fault_of_ours(
    house: Installation, link: str, capfd: pytest.CaptureFixture[str]
) -> None:
    configure("info")
    with serving(web.create(house)) as url:
        host, port = url.removeprefix("http://").split(":")
        for _ in range(3):
            with socket.create_connection((host, int(port)), 5) as client:
                client.sendall(f"POST {link} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\nundo".encode())
                clock.sleep(0.1)
    assert capfd.readouterr().err == ""
    assert _withdrawn(house) == 0


def test_the_public_app_has_no_console(public: TestClient) -> None:
    for path in ("/console/campaigns", "/demo/mailbox", "/docs", "/openapi.json"):
        assert public.get(path).status_code == 404


def test_the_web_version_is_the_same_for_everybody_and_runs_nothing(
    house: Installation, demo: TestClient, public: TestClient
) -> None:
    assert demo
    with house.database.read() as session:
        variants = session.scalars(select(Variant)).all()
    assert {variant.mode for variant in variants} == set(modes([ZH, EN, AUTOMATIC]))
    for variant in variants:
        page = public.get(f"/web/{variant.hash}")
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
        assert "/u/" not in page.text
        assert "XPH" not in page.text
    assert public.get("/web/" + "0" * 64).status_code == 404


def test_console_pages_show_the_campaign_in_every_language(demo: TestClient) -> None:
    for language, word in (("en-GB", "Campaigns"), ("zh-Hant-HK", "《潮信》"), ("zh-Hans-CN", "发送任务")):
        page = demo.get(f"/?lang={language}")
        assert page.status_code == 200
        listing = demo.get(f"/console/campaigns?lang={language}")
        assert word in listing.text
        assert demo.get(f"/console/campaigns/1?lang={language}").status_code == 200
        assert demo.get(f"/demo/mailbox?lang={language}").status_code == 200
    assert demo.get("/console/campaigns/2").status_code == 404
    assert demo.get("/demo/mailbox/1").status_code == 404


def test_what_a_page_borrows_from_another_language_is_marked(demo: TestClient, link: str) -> None:
    borrowed = '<span lang="zh-Hant-HK">《潮信》</span>'
    for path in ("/console/campaigns", "/console/campaigns/1", link):
        assert borrowed in demo.get(f"{path}?lang=zh-Hans-CN").text
        own = demo.get(f"{path}?lang=zh-Hant-HK").text
        assert "《潮信》" in own
        assert borrowed not in own
        assert "Tideline" in demo.get(f"{path}?lang=en-GB").text
    title = '<title lang="zh-Hant-HK">《潮信》 · 潮汐書舍</title>'
    assert title in demo.get(f"{link}?lang=zh-Hans-CN").text


def test_the_switch_of_languages_keeps_the_rest_of_the_address(demo: TestClient) -> None:
    page = demo.get("/demo/mailbox?page=2&lang=zh-TW&x=%22%3E%26").text
    for tag in ("zh-Hant-HK", "zh-Hans-CN", "en-GB"):
        assert f'<a href="?lang={tag}&amp;page=2&amp;x=%22%3E%26" lang="{tag}"' in page


def test_another_sites_name_for_this_machine_is_refused(demo: TestClient) -> None:
    assert demo.get("/console/campaigns", headers={"host": "rebound.example"}).status_code == 400


def test_every_page_forbids_scripts_and_framing(demo: TestClient) -> None:
    for path in ("/console/campaigns", "/demo/mailbox", "/nowhere", "/static/site.css"):
        policy = demo.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy


def test_an_answer_that_breaks_off_does_not_pass_for_a_whole_one(house: Installation) -> None:
    app = web.create(house)

    @app.get("/breaks")
    def breaks() -> StreamingResponse:
        def half() -> Iterator[str]:
            yield "half"
            raise OSError

        return StreamingResponse(half())

    with serving(app) as address, pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(f"{address}/breaks")
