"""Every page of the demo, and unsubscribing, in three languages: sound for whoever looks, listens or types."""

import re
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from mailer.demo.show import Stage
from mailer.i18n import AUTOMATIC, EN, HANS, ZH, languages, modes
from mailer.model import Subscription, SubscriptionState, Variant
from tests.browser.conftest import LANGUAGES

PAGES = (
    "/console/campaigns",
    "/console/campaigns/1",
    "/demo/mailbox",
    "/demo/mailbox?page=2",
    "/demo/mailbox/1",
    "/nowhere",
)
UNSUBSCRIBE = {ZH: "取消訂閱？", HANS: "取消订阅？", EN: "Unsubscribe?"}
UNSUBSCRIBED = {ZH: "你已取消訂閱", HANS: "你已取消订阅", EN: "You have unsubscribed"}
AGAIN = {ZH: "你已恢復訂閱", HANS: "你已恢复订阅", EN: "You are subscribed again"}
UNCHANGED = {ZH: "沒有作出任何更改", HANS: "没有作任何更改", EN: "nothing was changed"}

Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[int, Scheme], ...] = ((1280, "light"), (1280, "dark"), (375, "light"), (375, "dark"))

each_language = pytest.mark.parametrize("language", LANGUAGES)


def sound(page: Page, language: str) -> None:
    """Its language is right; wide and narrow, light and dark, nothing hangs over its edge and axe finds no fault."""
    assert page.locator("html").get_attribute("lang") == language
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"wider than {width} pixels"
        found = Axe().run(page)
        assert found.violations_count == 0, f"{width}, {scheme}:\n{found.generate_report()}"


def withdrawn(stage: Stage) -> int:
    with stage.installation.database.read() as session:
        counted = select(func.count()).where(Subscription.state == SubscriptionState.WITHDRAWN)
        return session.scalar(counted) or 0


@each_language
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound(page: Page, path: str, language: str) -> None:
    page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    sound(page, language)


def test_the_web_version_of_each_variant_is_sound(page: Page, stage: Stage) -> None:
    with stage.installation.database.read() as session:
        variants = session.execute(select(Variant.hash, Variant.mode)).all()
    assert {mode for _, mode in variants} == set(modes([ZH, EN, AUTOMATIC]))
    for found, mode in variants:
        page.goto(f"/web/{found}")
        sound(page, languages(mode)[0])


@each_language
def test_unsubscribing_and_taking_it_back_by_clicks(page: Page, link: str, stage: Stage, language: str) -> None:
    heading, button = page.get_by_role("heading"), page.get_by_role("button")
    page.goto(f"{link}?lang={language}")
    expect(heading).to_have_text(UNSUBSCRIBE[language])
    sound(page, language)
    for said, changed in ((UNSUBSCRIBED, 1), (AGAIN, 0)):
        button.click()
        expect(heading).to_have_text(said[language])
        assert withdrawn(stage) == changed
        sound(page, language)


@each_language
def test_unsubscribing_and_taking_it_back_by_keyboard(page: Page, link: str, stage: Stage, language: str) -> None:
    page.goto(f"{link}?lang={language}")
    for said, changed in ((UNSUBSCRIBED, 1), (AGAIN, 0)):
        # Past the way to the content and the languages.
        for _ in range(1 + len(LANGUAGES) + 1):
            page.keyboard.press("Tab")
        expect(page.get_by_role("button")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading")).to_have_text(said[language])
        assert withdrawn(stage) == changed


def test_the_switch_of_languages_keeps_the_page(page: Page, link: str) -> None:
    for path, rest in (("/demo/mailbox?page=2&lang=en-GB", "&page=2"), (f"{link}?lang=en-GB", "")):
        page.goto(path)
        for tag, name in ((HANS, "简体中文"), (ZH, "繁體中文"), (EN, "English")):
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.locator("html")).to_have_attribute("lang", tag)
            expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "true")
            expect(page).to_have_url(re.compile(rf"{path.partition('?')[0]}\?lang={tag}{rest}$"))


@each_language
def test_a_wish_that_cannot_be_kept_is_not_pretended(page: Page, link: str, stage: Stage, language: str) -> None:
    page.goto(f"{link}?lang={language}")
    file = stage.installation.settings.withdrawals
    aside = file.rename(file.with_name("aside")) if file.exists() else None
    # As good as a disk that takes nothing, for whoever runs this.
    file.mkdir()
    try:
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            page.get_by_role("button").click()
        assert answer.value.status == 503
        expect(page.get_by_role("main")).to_contain_text(UNCHANGED[language])
        sound(page, language)
        assert withdrawn(stage) == 0
    finally:
        file.rmdir()
        if aside:
            aside.rename(file)
    page.goto(f"{link}?lang={language}")
    expect(page.get_by_role("heading")).to_have_text(UNSUBSCRIBE[language])
