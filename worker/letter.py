"""From a claimed row to a parcel: opened for sending, filled, signed, addressed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from threading import Lock
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session, joinedload

from mailer import clock
from mailer.audience.address import domain
from mailer.compose.glossary import protected
from mailer.compose.hans import with_simplified
from mailer.errors import InvalidError
from mailer.installation import Installation
from mailer.model import Campaign, Topic, Variant
from mailer.model.delivery import recipient_place
from mailer.model.subscriber import place
from mailer.render import links, published
from mailer.render.frozen import Frozen, Reader
from mailer.render.message import Envelope, Mail, compile_mail
from mailer.vault import DkimKey, Opener
from worker.claim import Claimed
from worker.sign import Signer
from worker.transport import Fate, Outcome, Parcel

_MOST_KEPT = 8
"""Campaigns whose mails are kept compiled: each mail may hold a megabyte of pictures."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What all mails of one campaign share, and each of its variants that is known, compiled."""

    envelope: Envelope
    topic_names: dict[str, str]
    return_address: str
    zone: ZoneInfo
    keys: tuple[DkimKey, ...]
    mails: dict[int, tuple[Mail, Signer]] = field(default_factory=dict)


class Letters:
    """Makes parcels; campaigns and variants are read and compiled once and kept, since both are frozen."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._issues: dict[int, Issue] = {}
        self._lock = Lock()

    def learn(self, session: Session, campaign_id: int, rows: Sequence[Claimed]) -> Issue:
        """What these rows need, read where it is not known yet.

        One lane at a time: the others would only do the same once more. Raises MisconfiguredError where they
        are to be signed and cannot be, and where nobody could unsubscribe from them.
        """
        with self._lock:
            issue = self._issues.pop(campaign_id, None) or self._issue(session, campaign_id)
            for variant_id in {row.variant_id for row in rows} - issue.mails.keys():
                mail = self._mail(session, issue.envelope, variant_id)
                issue.mails[variant_id] = mail, Signer(issue.keys, mail.shared)
            # The one used last stands last.
            self._issues[campaign_id] = issue
            while len(self._issues) > _MOST_KEPT:
                self._issues.pop(next(iter(self._issues)))
            return issue

    def _mail(self, session: Session, envelope: Envelope, variant_id: int) -> Mail:
        variant = session.get_one(Variant, variant_id)
        frozen = Frozen.load(variant, links.web_version(envelope.public_url, variant.hash))
        return compile_mail(frozen, envelope, published.pictures(session, frozen))

    def _issue(self, session: Session, campaign_id: int) -> Issue:
        campaign = session.get_one(
            Campaign, campaign_id, options=[joinedload(Campaign.topic).joinedload(Topic.newsletter)]
        )
        topic, newsletter = campaign.topic, campaign.topic.newsletter
        if not campaign.test:
            self._installation.demand_pages()
        envelope = Envelope(
            campaign_id=campaign_id,
            newsletter=newsletter.slug,
            list_id=f"{topic.slug}.{newsletter.slug}.{newsletter.list_domain}",
            sender_address=newsletter.sender_address,
            unsubscribe_address=newsletter.return_address,
            domain=domain(newsletter.sender_address),
            public_url=self._installation.settings.public_url,
        )
        return Issue(
            envelope,
            with_simplified(topic.name, protected(newsletter.terms)),
            newsletter.return_address,
            ZoneInfo(newsletter.zone),
            self._installation.signing(envelope.domain),
        )

    @contextmanager
    def making(self, issue: Issue) -> Iterator[Callable[[Claimed], Parcel | Outcome]]:
        """For as long as the block lasts, what makes a row's parcel; or says why there can be none of this reader.

        Any other fault is the installation's, and raised: nobody may fail for it.
        """
        with self._installation.keys.open("send") as opener:
            yield partial(self._parcel, issue, opener)

    def _parcel(self, issue: Issue, opener: Opener, row: Claimed) -> Parcel | Outcome:
        keys = self._installation.keys
        try:
            sealed = {"address": row.address, "name": row.name, "greeting_name": row.greeting_name}
            sealed_at = recipient_place if row.test else place
            address, name, greeting_name = (
                opener.text(field, row.data_key, sealed_at(column, row.ref)) if field else ""
                for column, field in sealed.items()
            )
            link = links.unsubscribe(self._installation.settings.public_url, keys, row.ref, row.topic_id)
            reader = Reader(name, issue.topic_names, row.since.astimezone(issue.zone), link, greeting_name)
            date = _second(clock.now().replace(microsecond=0), issue.zone)
            message_id = keys.message_id(issue.envelope.campaign_id, row.ref)
            mail, signer = issue.mails[row.variant_id]
            pieces = mail.pieces(reader, address, message_id, date, signer.sign)
        except InvalidError as error:
            return Outcome(Fate.FAILED, reply=str(error))
        return Parcel(row.id, issue.return_address, address, pieces, dotless=True)


@lru_cache(maxsize=8)
def _second(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment by a zone's clocks; kept, because many mails leave in the same second."""
    return moment.astimezone(zone)
