"""The language of what arrives, as an edition names it."""

from mailer.chinese import count
from mailer.i18n import EN, HANS, ZH, is_tag, script

# How sites in Hong Kong name their parts.
_CUSTOM = {"tc": "zh-Hant", "sc": "zh-Hans", "hk": "zh-HK", "tw": "zh-TW", "cn": "zh-CN"}


def tongue(stated: str, text: str) -> str:
    """The tag of an edition for what calls itself ``stated`` (zh-HK, zh_TW, tc, en-US, or nothing).

    Chinese is told by its script and English by its name, not by territory; what says nothing, by its text.
    """
    tag = stated.strip().replace("_", "-")
    tag = _CUSTOM.get(tag.lower(), tag)
    if written := script(tag):
        return HANS if written == "Hans" else ZH
    language = tag.split("-")[0].lower()
    if language == "en":
        return EN
    if is_tag(language):
        return language
    han, words = count(text)
    return ZH if han > words else EN
