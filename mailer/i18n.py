"""Languages: tags and modes, catalogues, negotiation.

Tags are BCP 47 (``zh-Hant-HK``), catalogues are named as Babel does (``zh_Hant_HK``).
A *mode* names the languages of one mail in reading order: ``zh-Hant-HK+en-GB``.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from mailer.resources import folder

ZH = "zh-Hant-HK"
HANS = "zh-Hans-CN"
EN = "en-GB"

# Each language names itself, so that a reader finds it without knowing the others.
INTERFACE = {ZH: "繁體中文", HANS: "简体中文", EN: "English"}
"""What pages and commands speak."""
SUBJECT_JOINT = "｜"
"""Between the subjects of a mail in two languages."""
AUTOMATIC = "zh-Hans"
"""The one language of editions that nobody writes: converted from the Traditional Chinese."""
_CHINESE = {"Hant": "繁體中文", "Hans": "简体中文"}
# CLDR calls these by their rank as well.
_TERRITORIES = {
    "Hant": {"HK": "香港", "MO": "澳門", "CN": "中國大陸"},
    "Hans": {"HK": "香港", "MO": "澳门", "CN": "中国大陆"},
}
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")

_HANT_REGIONS = {"HK", "TW", "MO"}
_HANS_REGIONS = {"CN", "SG", "MY"}
_SCRIPT_LETTERS = 4


def N_(message: str) -> str:  # noqa: N802 — the name that message extractors look for
    """Mark a message for the catalogues; it is translated where it is shown."""
    return message


def is_tag(tag: str) -> bool:
    """Whether an edition can be written in it: a BCP 47 tag in its usual spelling, of a language that CLDR knows."""
    if not _TAG.fullmatch(tag) or tag == AUTOMATIC:
        return False
    try:
        return bool(babel(tag))
    except (ValueError, UnknownLocaleError):
        return False


def self_name(tag: str) -> str:
    """What a language calls itself, so that a reader finds it without knowing the others; no two Chinese ones alike."""
    locale = babel(tag)
    written = script(tag) if locale.language == "zh" else None
    # The Chinese of the house is nothing but Chinese; others say how they are written, and where.
    if tag == ZH or not written:
        return str(locale.get_language_name(locale) or tag)
    place = _TERRITORIES[written].get(locale.territory or "") or locale.get_territory_name(locale)
    return f"{_CHINESE[written]}（{place}）" if place else _CHINESE[written]


def language_name(tag: str, reader: str) -> str:
    """What a reader of another language calls it: 英文, Chinese."""
    return str(babel(interface(reader)).languages[babel(tag).language])


def languages(mode: str) -> list[str]:
    """The tags of a mode, in reading order."""
    return mode.split("+")


def modes(locales: Sequence[str]) -> list[str]:
    """Every mode that languages allow: each alone, and each two of them either way round, but for Chinese twice."""
    pairs = [f"{one}+{other}" for one in locales for other in locales if one != other]
    return [*locales, *(pair for pair in pairs if not all(map(script, pair.split("+"))))]


def language_names(mode: str, tag: str) -> str:
    """What the languages of a mode are called in the language ``tag``: Chinese + English, 中文 + 英文."""
    return " + ".join(str(babel(one).get_language_name(babel(tag))) for one in languages(mode))


@lru_cache
def babel(tag: str) -> Locale:
    """Babel's locale for one of our tags."""
    return Locale.parse(tag, sep="-")


def interface(tag: str) -> str:
    """The language in which we speak to a reader of ``tag``: English where we have no words of their own."""
    return match(tag, INTERFACE) or EN


@lru_cache
def catalogue(tag: str) -> Translations:
    """The interface catalogue for ``tag``, straight from its ``.po``: nothing has to be built first."""
    path = folder("locales") / interface(tag).replace("-", "_") / "LC_MESSAGES" / "messages.po"
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return Translations(compiled)


def translator(tag: str) -> Callable[[str], str]:
    """Gettext in the language ``tag``."""
    return catalogue(tag).gettext


# Negotiation


def script(tag: str) -> str | None:
    """``Hant`` or ``Hans`` for a Chinese tag, ``None`` for any other language.

    The explicit script wins, else the region tells; Cantonese and bare ``zh`` count as
    Traditional. Read from the raw tag: CLDR's parser maps zh-Hant-CN to Simplified.
    """
    language, *rest = tag.replace("_", "-").split("-")
    if language.lower() not in {"zh", "yue", "cmn"}:
        return None
    subtags = {part.title() if len(part) == _SCRIPT_LETTERS else part.upper() for part in rest}
    if explicit := subtags & {"Hant", "Hans"}:
        return explicit.pop()
    return "Hans" if subtags & _HANS_REGIONS and not subtags & _HANT_REGIONS else "Hant"


def match(tag: str, available: Collection[str]) -> str | None:
    """The best of ``available`` for one wanted tag, or ``None``.

    With a single Chinese version on offer, any Chinese reader gets it.
    """
    return _match(tag, tuple(available))


@lru_cache(maxsize=1024)
def _match(tag: str, available: tuple[str, ...]) -> str | None:
    """Kept, because every mail asks the same."""
    exact = {offered.lower(): offered for offered in available}
    if found := exact.get(tag.replace("_", "-").lower()):
        return found
    written = script(tag)
    if written is None:
        language = tag.replace("_", "-").split("-")[0].lower()
        return next((o for o in available if o.split("-")[0].lower() == language), None)
    chinese = [offered for offered in available if script(offered)]
    return next((o for o in chinese if script(o) == written), chinese[0] if len(chinese) == 1 else None)


def _wanted(accept_language: str) -> Iterable[str]:
    """The tags of an Accept-Language header (RFC 9110 §12.5.4), dearest first; rubbish is dropped."""
    weighed = []
    for position, item in enumerate(accept_language[:1000].split(",")):
        tag, _, parameter = item.strip().partition(";")
        try:
            weight = float(parameter.partition("=")[2]) if parameter else 1.0
        except ValueError:
            continue
        if tag and tag != "*" and 0 < weight <= 1:
            weighed.append((-weight, position, tag.strip()))
    return (tag for _, _, tag in sorted(weighed))


def negotiate(accept_language: str, available: Collection[str], default: str) -> str:
    """The language of a page for a browser's Accept-Language header."""
    for tag in _wanted(accept_language):
        if found := match(tag, available):
            return found
    return default


def best(texts: Mapping[str, str], tag: str) -> tuple[str, str]:
    """Of texts by language the one for a reader of ``tag``, with its own tag; the first where none fits."""
    found = match(tag, texts) or next(iter(texts))
    return found, texts[found]


def nearest(mode: str, offered: Collection[str]) -> str | None:
    """The best of the ``offered`` modes for a reader of ``mode``: both languages, else the first there is of them."""
    alone = [each for each in offered if len(languages(each)) == 1]
    found = [tag for tag in (match(wanted, alone) for wanted in languages(mode)) if tag]
    both = "+".join(dict.fromkeys(found))
    return both if both in offered else next(iter(found), None)


def terminal(language: str) -> str:
    """The language of the commands, from a POSIX locale name such as ``zh_HK.UTF-8``."""
    return interface(language.split(".", maxsplit=1)[0].split("@", maxsplit=1)[0])
