"""Simplified Chinese, converted from the Traditional that people write: a draft for readers who ask for it."""

from collections.abc import Mapping
from functools import lru_cache

from opencc import OpenCC

from mailer.i18n import AUTOMATIC, ZH


@lru_cache
def _converter() -> OpenCC:
    return OpenCC("hk2s")


def simplified(text: str, protected: Mapping[str, str]) -> str:
    """A text of Markdown in Simplified Chinese; ``protected`` terms become exactly what is given for each."""
    for term, form in protected.items():
        text = text.replace(term, form)
    return str(_converter().convert(text))


def with_simplified(names: Mapping[str, str], protected: Mapping[str, str]) -> dict[str, str]:
    """Names by language, with a Simplified one where only the Traditional was given."""
    converted = {AUTOMATIC: simplified(names[ZH], protected)} if ZH in names and AUTOMATIC not in names else {}
    return {**names, **converted}
