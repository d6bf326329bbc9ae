"""Variants: an edition rendered in one mode, split at its holes, frozen, and filled for a reader."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.characters import refuse_controls
from mailer.chinese import is_chinese
from mailer.errors import InvalidError
from mailer.i18n import N_, SUBJECT_JOINT, ZH, best, catalogue, interface, languages, modes, translator
from mailer.model import Edition, Image, Images, Variant
from mailer.render import calendar, html, letter, links, pictures
from mailer.render.han import name_han
from mailer.render.holes import Form, Marks, escaped
from mailer.render.layout import front, holes, named, parts
from mailer.values import greeting, long_date
from mailer.vault import digest


def freeze(session: Session, edition: Edition) -> list[Variant]:
    """Render and store every variant of an edition's present approval."""
    now = clock.now()
    variants = [render(edition, mode, now) for mode in modes([*edition.locales, *edition.derived])]
    shown = {image_hash for variant in variants for image_hash in variant.content["images"]}
    if shown - set(session.scalars(select(Image.hash).where(Image.hash.in_(shown)))):
        raise InvalidError(N_("The layout cannot be rendered: %(why)s."), why="it shows a picture that is not stored")
    session.add_all(variants)
    session.flush()
    return variants


def render(edition: Edition, mode: str, now: datetime, test: str = "") -> Variant:
    """A variant in all its forms, not stored yet; ``now`` is when it is frozen, ``test`` who sends it as a test."""
    marks, known = Marks(), holes(mode)
    # No mail leaves without its way out, in each of its languages.
    needed = {f"unsubscribe-{tag}" for tag in languages(mode)}
    laid_out = parts(edition, mode, marks, test)
    pages = html.render(edition, laid_out)
    forms = {
        "html": marks.split(pages.mail, known, needed),
        "text": marks.split(letter.render(edition, laid_out), known, needed),
        "web": marks.split(pages.web, known),
    }
    events = calendar.render(edition, laid_out, now)
    content = {name: form.stored() for name, form in forms.items()} | {
        "sender": _sender(edition, mode),
        "images": pictures.shown(forms["html"]),
        "hosted": edition.newsletter.images is Images.HOSTED,
        "calendar": {"name": f"{edition.slug}.ics", "text": events} if events else None,
    }
    subject = _subject(edition, mode)
    if test:
        subject = translator(languages(mode)[0])(N_("[Test] %(subject)s")) % {"subject": subject}
    return Variant(
        edition_id=edition.id,
        approval=None if test else edition.approval,
        mode=mode,
        hash=digest(subject.encode(), json.dumps(content, sort_keys=True).encode()),
        subject=subject,
        content=content,
        frozen_at=now,
    )


def _subject(edition: Edition, mode: str) -> str:
    """Of two languages both subjects, in reading order."""
    return refuse_controls(SUBJECT_JOINT.join(front(edition, tag)["subject"] for tag in languages(mode)))


def _sender(edition: Edition, mode: str) -> str:
    """The sender's name in the variant's first language."""
    first = languages(mode)[0]
    return refuse_controls(front(edition, first).get("sender") or named(edition, edition.newsletter.sender_name, first))


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
