"""Every variant of every sample edition, as a mail program draws it: sound in light and dark, wide and narrow."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Browser, Page, Request

from mailer.i18n import EN
from tests.samples import FOLDERS, LOOKS, mails, variants

# A mail is an article in a mail program's page: that has the main part and the other regions.
OF_A_PAGE = ("landmark-one-main", "region")
OPTIONS = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in OF_A_PAGE}}

PICTURES_THAT_DO_NOT_LOAD = """() => Promise.all(
    Array.from(document.images, picture => picture.decode().then(() => null, () => picture.outerHTML.slice(0, 200)))
).then(all => all.filter(Boolean))"""

# Fonts are chosen by the language: a Japanese or Simplified form would be drawn.
HAN_THAT_IS_NOT_CHINESE = r"""() => {
    const han = /\p{Script=Han}/u, found = [];
    const look = (words, element) => {
        const lang = element.closest("[lang]")?.lang ?? "";
        if (han.test(words) && !/^zh\b/.test(lang)) found.push(`${lang}: ${words.trim()}`);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) look(walker.currentNode.data, walker.currentNode.parentElement);
    for (const element of document.querySelectorAll("[alt], [title], [aria-label]"))
        for (const name of ["alt", "title", "aria-label"]) look(element.getAttribute(name) ?? "", element);
    return found;
}"""


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """One for all mails in turn, which reaches nobody; a scroll bar takes none of its width, as on a telephone."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setScrollbarsHidden", {"hidden": True})
    yield page
    context.close()


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window, in which nobody may be asked for anything: opening a mail tells nobody."""
    asked = list[str]()

    def watch(request: Request) -> None:
        asked.append(request.url[:200])

    window.on("request", watch)
    yield window
    window.remove_listener("request", watch)
    assert [url for url in asked if not url.startswith("data:")] == []


def sound(page: Page, mail: str) -> None:
    page.set_content(mail)
    assert page.evaluate(PICTURES_THAT_DO_NOT_LOAD) == []
    assert page.evaluate(HAN_THAT_IS_NOT_CHINESE) == []
    page.evaluate(AXE_SCRIPT)
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"wider than {width} pixels"
        found = AxeResults(page.evaluate("options => axe.run(options)", OPTIONS))
        assert found.violations_count == 0, f"{width}, {scheme}:\n{found.generate_report()}"
    # Some mail programs drop every style sheet.
    words = page.inner_text("body")
    page.evaluate("document.querySelectorAll('style').forEach(sheet => sheet.remove())")
    assert page.inner_text("body") == words
    assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[-1][0]


@pytest.mark.parametrize(("edition", "mode"), [(name, mode) for name in FOLDERS for mode in variants(name)])
def test_a_mail_is_sound(page: Page, edition: str, mode: str) -> None:
    sound(page, mails(edition)[mode])


def test_what_is_said_softly_stays_soft_on_a_dark_screen(page: Page) -> None:
    """Captions and lines below an article are more than one element: none takes the louder ink of its band."""
    page.set_content(mails("article-2026-12")[EN])
    page.emulate_media(color_scheme="dark")
    inks = page.evaluate(
        """() => Array.from(document.querySelectorAll(".soft"), each => getComputedStyle(each).color)"""
    )
    assert set(inks) == {"rgb(181, 192, 194)"}
