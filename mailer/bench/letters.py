"""An edition's mails for some of the bench's people, made without the database: for the baseline, and to weigh one."""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe

from sqlalchemy import select

from mailer import clock, vault
from mailer.bench.baseline import Letter
from mailer.bench.crowd import crowd
from mailer.bench.house import House, Issue
from mailer.i18n import nearest
from mailer.model import Edition, Image, Topic, Variant
from mailer.render import links, published
from mailer.render.frozen import Frozen, Reader
from mailer.render.message import NOBODY, compile_mail


@dataclass(frozen=True, slots=True)
class Letters:
    """Mails to be made, the pictures that they show by hash, and the mean size of one in octets."""

    each: list[Letter]
    images: Mapping[str, Image]
    octets: int


def letters(house: House, issue: Issue, count: int) -> Letters:
    """The mails of the first ``count`` people."""
    images: dict[str, Image] = {}
    mails = {}
    with house.installation.database.read() as session:
        topic = session.get_one(Topic, issue.topic)
        default = session.get_one(Edition, issue.edition).newsletter.default_locale
        for variant in session.scalars(select(Variant).where(Variant.edition_id == issue.edition)):
            frozen = Frozen.load(variant, links.web_version(NOBODY.public_url, variant.hash))
            images |= published.pictures(session, frozen)
            mails[variant.mode] = compile_mail(frozen, NOBODY, images)
    keys, since = house.installation.keys, clock.this_hour()
    found = []
    for person in crowd(count):
        link = links.unsubscribe(NOBODY.public_url, keys, vault.new_ref(), topic.id)
        reader = Reader(person.name, topic.name, since, link, person.greeting_name)
        mail = mails[nearest(person.mode, mails) or default]
        found.append(Letter(mail, reader, person.address, token_urlsafe(24)))
    sizes = [len(each.mail.fill(each.reader, each.address, each.message_id, since)) for each in found]
    return Letters(found, images, sum(sizes) // len(sizes))
