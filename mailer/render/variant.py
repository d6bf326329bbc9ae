"""Variants: an edition rendered in one mode, split at its holes, frozen, and filled for a reader."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from mailer import clock
from mailer.characters import refuse_controls
from mailer.chinese import is_chinese
from mailer.errors import InvalidError
from mailer.i18n import N_, ZH, best, catalogue, greeting, languages, long_date, modes
from mailer.model import Edition, Variant
from mailer.render import html, letter
from mailer.render.han import name_han
from mailer.render.holes import Form, Marks, escaped
from mailer.render.layout import front, holes, named
from mailer.vault import digest

_LARGEST_HTML = 95_000
"""Octets of decoded HTML; beyond about 102 KB Gmail cuts a mail short."""


def freeze(session: Session, edition: Edition) -> list[Variant]:
    """Render and store every variant of an edition's present approval."""
    variants = [_render(edition, mode) for mode in modes([*edition.locales, *edition.derived])]
    session.add_all(variants)
    session.flush()
    return variants


def _render(edition: Edition, mode: str) -> Variant:
    marks, known = Marks(), holes(mode)
    # No mail leaves without its way out, in each of its languages.
    needed = {f"unsubscribe-{tag}" for tag in languages(mode)}
    forms = {
        "html": marks.split(html.render(edition, mode, marks, web=False), known, needed),
        "text": marks.split(letter.render(edition, mode, marks), known, needed),
        "web": marks.split(html.render(edition, mode, marks, web=True), known),
    }
    size = sum(len(part.encode()) for part in forms["html"].parts)
    if size > _LARGEST_HTML:
        raise InvalidError(
            N_(
                "The variant %(mode)s is %(size)s KB long, and Gmail cuts mails short beyond 95 KB:"
                " shorten the edition."
            ),
            mode=mode,
            size=size // 1000,
        )
    content = {name: form.stored() for name, form in forms.items()} | {"sender": _sender(edition, mode)}
    subject = _subject(edition, mode)
    return Variant(
        edition_id=edition.id,
        approval=edition.approval,
        mode=mode,
        hash=digest(subject.encode(), json.dumps(content, sort_keys=True).encode()),
        subject=subject,
        content=content,
        frozen_at=clock.now(),
    )


def _subject(edition: Edition, mode: str) -> str:
    """Of two languages both subjects, in reading order."""
    return refuse_controls("｜".join(front(edition, tag)["subject"] for tag in languages(mode)))


def _sender(edition: Edition, mode: str) -> str:
    """The sender's name in the variant's first language."""
    first = languages(mode)[0]
    return refuse_controls(front(edition, first).get("sender") or named(edition, edition.newsletter.sender_name, first))


@dataclass(frozen=True, slots=True)
class Reader:
    """What a mail says of its reader: ``unsubscribe`` is the address without its language."""

    name: str
    topic: Mapping[str, str]
    since: datetime
    unsubscribe: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """A stored variant, ready to be filled."""

    mode: str
    subject: str
    sender: str
    html: Form
    text: Form
    web: Form
    web_url: str

    @classmethod
    def load(cls, variant: Variant, web_url: str) -> "Frozen":
        """From its row; ``web_url`` is the address of its web version."""
        stored = variant.content
        html_form, text, web = (Form.load(stored[name]) for name in ("html", "text", "web"))
        return cls(variant.mode, variant.subject, stored["sender"], html_form, text, web, web_url)

    def values(self, reader: Reader) -> dict[str, str]:
        """Each hole's value for one reader."""
        values = {"web": self.web_url}
        for tag in languages(self.mode):
            values |= {
                f"greeting-{tag}": greeting(reader.name, tag),
                f"since-{tag}": _why(reader, tag),
                f"unsubscribe-{tag}": f"{reader.unsubscribe}?lang={tag}",
            }
        return values

    def html_values(self, values: Mapping[str, str]) -> dict[str, str]:
        """The same for the HTML: escaped, and a Chinese name in another language's greeting named as Chinese."""
        chinese = next(filter(is_chinese, languages(self.mode)), ZH)
        foreign = {f"greeting-{tag}" for tag in languages(self.mode) if not is_chinese(tag)}
        return escaped(values) | {name: str(name_han(values[name], chinese)) for name in foreign}

    def web_page(self) -> str:
        """The web version: the same for every reader."""
        nobody = {f"greeting-{tag}": greeting("", tag) for tag in languages(self.mode)}
        return self.web.fill_html({"web": self.web_url} | nobody)


def _why(reader: Reader, tag: str) -> str:
    sentence = catalogue(tag).gettext("You are receiving this because you subscribed to %(list)s on %(date)s.")
    return sentence % {"list": best(reader.topic, tag)[1], "date": long_date(reader.since, tag)}
