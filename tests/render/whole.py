"""An edition of all twenty kinds of blocks in two languages, whose every text and address is asked for."""

from collections.abc import Callable
from typing import Any

from mailer.compose.blocks import FRONT, TYPES, Field, Kind, fields_of
from mailer.i18n import EN, ZH
from mailer.model import Block, Edition, EditionImage, Image, Newsletter, Text
from mailer.model.edition import Fallback, Layout

PICTURE = "p.png"
HASH = "c1" * 32
_CARD = {"url": "", "date": "2026-05-01", "image": PICTURE}
_DATA: dict[str, dict[str, Any]] = {
    "letter": {"portrait": PICTURE},
    "stats": {
        "figures": [{"id": "a", "value": 1906}, {"id": "b", "value": "2.5", "currency": "HKD"}, {"id": "c", "value": 3}]
    },
    "image": {"image": PICTURE, "url": ""},
    "article_card": _CARD,
    "digest": {"cards": [{"id": "one", **_CARD}, {"id": "two", "url": ""}]},
    "article": {"source_url": "", "published": "2026-05-01", "licence": "", "image": PICTURE},
    "event": {"start": "2026-12-05 18:05", "end": "2026-12-05 20:00", "tz": "Asia/Hong_Kong", "url": ""},
    "action": {"url": "", "deadline": "2026-12-01"},
    "donation": {"url": "", "amounts": [100, 500]},
    "social": {"links": [{"name": "", "url": ""}]},
    "next_issue": {"month": "2027-01"},
}


def whole(
    say: Callable[[Kind], str],
    url: Callable[[], str] = lambda: "https://x.example/",
    layout: Layout = Layout.STACKED,
) -> Edition:
    """``say`` is asked for each text, ``url`` for each address; no session knows the edition."""

    def asked(data: Any) -> Any:
        if isinstance(data, list):
            return [asked(each) for each in data]
        return {key: word(key, value) for key, value in data.items()} if isinstance(data, dict) else data

    def word(key: str, value: Any) -> Any:
        if key in {"url", "source_url", "licence"}:
            return url()
        return (say(Kind.LINE)[:40].strip() or "x") if key == "name" else asked(value)

    def named() -> dict[str, str]:
        return {ZH: say(Kind.LINE), EN: say(Kind.LINE)}

    def text(field: Field) -> str:
        return field.accept(say(field.kind) if field.kind is not Kind.NUMBER else "7")

    newsletter = Newsletter(name=named(), sender_name=named(), postal_address=named(), theme={}, logo=HASH, terms=[])
    blocks = [Block(key=name, type=name, data=asked(_DATA.get(name, {})), required=True) for name in TYPES]
    for block in blocks:
        block.texts = [
            Text(locale=tag, fields={name: text(field) for name, field in fields_of(block).items()}) for tag in (ZH, EN)
        ]
    assert blocks[0].type == FRONT
    image = Image(hash=HASH, media_type="image/png", width=1200, height=800, content=b"")
    return Edition(
        newsletter=newsletter,
        slug="whole",
        template="monthly",
        kind="issue",
        locales=[ZH, EN],
        derived=[],
        source_locale=ZH,
        policy=Fallback.REFUSE,
        layout=layout,
        blocks=blocks,
        images=[EditionImage(name=PICTURE, image=image)],
    )
