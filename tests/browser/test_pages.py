"""Every page of the demo, and unsubscribing, in three languages: sound for whoever looks, listens or types."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from mailer.demo.show import Stage
from mailer.i18n import EN, HANS, ZH
from mailer.model import Subscription, SubscriptionState
from tests.browser.conftest import LANGUAGES

PAGES = ("/console/campaigns", "/console/campaigns/1", "/demo/mailbox", "/demo/mailbox/1", "/nowhere")
UNSUBSCRIBED = {ZH: "你已取消訂閱", HANS: "你已取消订阅", EN: "You have unsubscribed"}
AGAIN = {ZH: "你已恢復訂閱", HANS: "你已恢复订阅", EN: "You are subscribed again"}

each_language = pytest.mark.parametrize("language", LANGUAGES)


def _sound(page: Page, language: str) -> None:
    """Its language is right, nothing hangs over its edge, and axe finds no fault."""
    assert page.locator("html").get_attribute("lang") == language
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the window"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def _withdrawn(stage: Stage) -> int:
    with stage.installation.database.read() as session:
        counted = select(func.count()).where(Subscription.state == SubscriptionState.WITHDRAWN)
        return session.scalar(counted) or 0


@each_language
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound(page: Page, path: str, language: str, complaints: list[str]) -> None:
    page.goto(f"{path}?lang={language}")
    _sound(page, language)
    assert [c for c in complaints if "404" not in c] == []


@each_language
def test_unsubscribing_and_taking_it_back_by_clicks(
    page: Page, link: str, stage: Stage, language: str, complaints: list[str]
) -> None:
    page.goto(f"{link}?lang={language}")
    _sound(page, language)
    page.get_by_role("button").click()
    expect(page.get_by_role("heading")).to_have_text(UNSUBSCRIBED[language])
    assert _withdrawn(stage) == 1
    _sound(page, language)
    page.get_by_role("button").click()
    expect(page.get_by_role("heading")).to_have_text(AGAIN[language])
    assert _withdrawn(stage) == 0
    _sound(page, language)
    assert complaints == []


def test_unsubscribing_by_keyboard_alone(page: Page, link: str, stage: Stage) -> None:
    page.goto(f"{link}?lang={EN}")
    for _ in range(2):
        page.get_by_role("button").focus()
        page.keyboard.press("Enter")
        page.wait_for_load_state()
    expect(page.get_by_role("heading")).to_have_text(AGAIN[EN])
    assert _withdrawn(stage) == 0


def test_the_switch_of_languages_keeps_the_page(page: Page) -> None:
    page.goto(f"/demo/mailbox?page=2&lang={EN}")
    page.get_by_role("link", name="简体中文").click()
    assert page.locator("html").get_attribute("lang") == HANS
    assert "page=2" in page.url


@each_language
def test_a_wish_that_cannot_be_stored_is_not_pretended(page: Page, link: str, stage: Stage, language: str) -> None:
    file = stage.installation.settings.withdrawals
    before = file.read_bytes() if file.exists() else b""
    file.unlink(missing_ok=True)
    file.mkdir()
    try:
        page.goto(f"{link}?lang={language}")
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            page.get_by_role("button").click()
        assert answer.value.status == 503
        _sound(page, language)
        assert _withdrawn(stage) == 0
    finally:
        file.rmdir()
        file.write_bytes(before)
