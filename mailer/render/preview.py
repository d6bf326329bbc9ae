"""What an edition would look like, rendered without a newsletter, an installation or a database of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from mailer import clock
from mailer.compose.blocks import FRONT
from mailer.compose.check import Finding, findings
from mailer.compose.draft import Draft
from mailer.compose.hans import with_simplified
from mailer.compose.shown import lacking
from mailer.errors import WrongUsageError
from mailer.i18n import N_, modes, translator
from mailer.model import Edition, Image, Images, Newsletter, Term, Topic
from mailer.render import pictures
from mailer.render.frozen import Frozen, Reader
from mailer.render.inspect import inspect
from mailer.render.message import NOBODY, compile_mail
from mailer.render.variant import render
from mailer.render.weight import Weight

_READER = f"reader@{NOBODY.domain}"


@dataclass(frozen=True, slots=True)
class Preview:
    """One variant in every form: ``html`` shows its pictures where ``show`` was told that they are."""

    mode: str
    subject: str
    html: str
    text: str
    message: bytes
    weight: Weight
    findings: list[Finding]
    """What is wrong with it, beside what is wrong with its texts."""


def stand_in(draft: Draft, terms: list[Term]) -> Newsletter:
    """A newsletter for an edition that is in none yet: it says in each language what will stand there."""

    def named(words: str) -> dict[str, str]:
        return {tag: translator(tag)(words) for tag in draft.locales}

    newsletter = Newsletter(
        slug=NOBODY.newsletter,
        name=named(N_("[Name of the newsletter]")),
        sender_name=named(N_("[Name of the sender]")),
        sender_address=NOBODY.sender_address,
        return_address=NOBODY.unsubscribe_address,
        postal_address=named(N_("[Postal address]")),
        list_domain=NOBODY.domain,
        locales=draft.locales,
        default_locale=draft.source_locale,
        zone="UTC",
        theme={},
        images=Images.EMBEDDED,
        terms=terms,
    )
    Topic(newsletter=newsletter, slug="topic", name=newsletter.name)
    return newsletter


def ready(edition: Edition) -> list[str]:
    """The modes that can be rendered: those of the languages that have a subject, a preheader and a title."""
    front = next(block for block in edition.blocks if block.type == FRONT)
    return modes([tag for tag in (*edition.locales, *edition.derived) if not lacking(edition, front, tag)])


def demand_ready(edition: Edition, mode: str) -> None:
    """Raise WrongUsageError for a mode in which an edition cannot be rendered."""
    offered = ready(edition)
    if mode not in offered:
        raise WrongUsageError(
            N_("This edition cannot be rendered in %(mode)s; it can be in: %(modes)s."),
            mode=mode,
            modes=", ".join(offered) or "–",
        )


def everything(edition: Edition, logo: Image | None = None) -> list[Finding]:
    """What is wrong with an edition's texts, and with each variant that can be rendered."""
    variants = (preview(edition, mode, str, logo) for mode in ready(edition))
    return [*findings(edition), *(each for variant in variants for each in variant.findings)]


def preview(edition: Edition, mode: str, show: Callable[[str], str], logo: Image | None = None) -> Preview:
    """A variant as its readers would get it; ``show`` gives the address of a picture from its hash.

    ``logo``: the picture that the newsletter names as its own, where it names one.
    """
    now, newsletter = clock.now(), edition.newsletter
    frozen = Frozen.load(render(edition, mode, now), f"{NOBODY.public_url}/web")
    reader = Reader("", with_simplified(newsletter.name, {}), now, f"{NOBODY.public_url}/u/TOKEN")
    held = [*(each.image for each in edition.images), *([logo] if logo else [])]
    mail = compile_mail(frozen, NOBODY, {image.hash: image for image in held})
    values = frozen.values(reader)
    html = pictures.placed(frozen.html, show).fill(frozen.html_values(values))
    weight = Weight(mode, sum(len(part.encode()) for part in frozen.html.parts), mail.size())
    message = mail.fill(reader, _READER, "preview", now)
    return Preview(mode, frozen.subject, html, frozen.text.fill(values), message, weight, inspect(frozen, weight))
