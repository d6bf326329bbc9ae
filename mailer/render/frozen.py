"""A frozen variant: what was rendered and split once, filled for a reader. Nothing is rendered here any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from mailer.chinese import is_chinese
from mailer.i18n import ZH, best, catalogue, interface, languages
from mailer.model import Variant
from mailer.render import links, pictures
from mailer.render.han import name_han
from mailer.render.holes import Form, escaped
from mailer.values import greeting, long_date


@dataclass(frozen=True, slots=True)
class Reader:
    """What a mail says of its reader: ``unsubscribe`` is the address without its language.

    ``greeting_name`` is what a letter calls them, where that is not the name on its envelope.
    """

    name: str
    topic: Mapping[str, str]
    since: datetime
    unsubscribe: str
    greeting_name: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The events of a variant as a file: its name, in ASCII, and what it holds (RFC 5545)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """A stored variant, ready to be filled. ``images`` are the hashes of the pictures that it shows.

    The address of its web version is filled in already, since it is everybody's.
    """

    mode: str
    subject: str
    sender: str
    html: Form
    text: Form
    web: Form
    images: tuple[str, ...]
    hosted: bool
    """Whether they lie on our host; else each mail carries them."""
    calendar: Calendar | None

    @classmethod
    def load(cls, variant: Variant, web_url: str) -> "Frozen":
        """From its row; ``web_url`` is the address of its web version."""
        # What was frozen by an earlier version has neither pictures nor a calendar.
        stored: dict[str, Any] = {"images": [], "hosted": False, "calendar": None} | variant.content
        address = {"web": web_url}
        html_form, web = (Form.load(stored[name]).settled(escaped(address)) for name in ("html", "web"))
        text = Form.load(stored["text"]).settled(address)
        return cls(
            mode=variant.mode,
            subject=variant.subject,
            sender=stored["sender"],
            html=html_form,
            text=text,
            web=web,
            images=tuple(stored["images"]),
            hosted=stored["hosted"],
            calendar=Calendar(**stored["calendar"]) if stored["calendar"] else None,
        )

    def values(self, reader: Reader) -> dict[str, str]:
        """Each hole's value for one reader."""
        values: dict[str, str] = {}
        for tag in languages(self.mode):
            values |= {
                f"greeting-{tag}": greeting(reader.greeting_name or reader.name, tag),
                f"since-{tag}": _why(reader, tag),
                f"unsubscribe-{tag}": f"{reader.unsubscribe}?lang={tag}",
            }
        return values

    def html_values(self, values: Mapping[str, str]) -> dict[str, str]:
        """The same for the HTML: escaped, and a Chinese name in another language's greeting named as Chinese."""
        chinese = next(filter(is_chinese, languages(self.mode)), ZH)
        foreign = {f"greeting-{tag}" for tag in languages(self.mode) if not is_chinese(tag)}
        return escaped(values) | {
            name: str(name_han(values[name], chinese)) for name in foreign if not values[name].isascii()
        }

    def web_page(self) -> str:
        """The web version: the same for every reader."""
        nobody = {f"greeting-{tag}": greeting("", tag) for tag in languages(self.mode)}
        # On our own host, whatever its name: so the page shows its pictures wherever it is looked at.
        return pictures.placed(self.web, lambda hash_: links.image("", hash_)).fill_html(nobody)


def _why(reader: Reader, tag: str) -> str:
    sentence = catalogue(tag).gettext("You are receiving this because you subscribed to %(list)s on %(date)s.")
    return sentence % {"list": best(reader.topic, tag)[1], "date": _day(reader.since.date(), interface(tag))}


@lru_cache(maxsize=4096)
def _day(value: date, tag: str) -> str:
    """Kept, because thousands of readers joined on the same day."""
    return long_date(value, tag)
