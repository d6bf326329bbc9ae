"""From a claimed row to a parcel: opened for sending, filled, addressed."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session, joinedload

from mailer import clock
from mailer.audience.address import domain
from mailer.errors import InvalidError
from mailer.installation import Installation
from mailer.model import Campaign, Topic, Variant
from mailer.model.subscriber import place
from mailer.render import links
from mailer.render.message import Envelope, build
from mailer.render.variant import Frozen, Reader
from mailer.vault import Opener
from worker.claim import Claimed
from worker.transport import Fate, Outcome, Parcel


@dataclass(frozen=True, slots=True)
class _Issue:
    """What all mails of one campaign share."""

    envelope: Envelope
    topic_names: dict[str, str]
    return_address: str
    zone: ZoneInfo


class Letters:
    """Makes parcels; campaigns and variants are read once and kept, since both are frozen."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._issues: dict[int, _Issue] = {}
        self._variants: dict[int, Frozen] = {}

    def learn(self, session: Session, campaign_id: int, rows: Sequence[Claimed]) -> None:
        """Read what is not known yet for these rows."""
        if campaign_id not in self._issues:
            self._issues[campaign_id] = self._issue(session, campaign_id)
        for variant_id in {row.variant_id for row in rows} - self._variants.keys():
            variant = session.get_one(Variant, variant_id)
            url = links.web_version(self._installation.settings.public_url, variant.hash)
            self._variants[variant_id] = Frozen.load(variant, url)

    def _issue(self, session: Session, campaign_id: int) -> _Issue:
        campaign = session.get_one(
            Campaign, campaign_id, options=[joinedload(Campaign.topic).joinedload(Topic.newsletter)]
        )
        topic, newsletter = campaign.topic, campaign.topic.newsletter
        envelope = Envelope(
            campaign_id=campaign_id,
            newsletter=newsletter.slug,
            list_id=f"{topic.slug}.{newsletter.slug}.{newsletter.list_domain}",
            sender_address=newsletter.sender_address,
            unsubscribe_address=newsletter.return_address,
            domain=domain(newsletter.sender_address),
        )
        return _Issue(envelope, topic.name, newsletter.return_address, ZoneInfo(newsletter.zone))

    def parcels(self, campaign_id: int, rows: Sequence[Claimed]) -> list[Parcel | Outcome]:
        """A parcel for each row, in their order; or why there can be none of this reader.

        Any other fault is the installation's, and raised: nobody may fail for it.
        """
        with self._installation.keys.open("send") as opener:
            return [self._parcel(self._issues[campaign_id], row, opener) for row in rows]

    def _parcel(self, issue: _Issue, row: Claimed, opener: Opener) -> Parcel | Outcome:
        keys = self._installation.keys
        try:
            address = opener.text(row.address, row.data_key, place("address", row.ref))
            name = opener.text(row.name, row.data_key, place("name", row.ref)) if row.name else ""
            link = links.unsubscribe(self._installation.settings.public_url, keys, row.ref, row.topic_id)
            reader = Reader(name, issue.topic_names, row.since.astimezone(issue.zone), link)
            date = clock.now().astimezone(issue.zone)
            frozen = self._variants[row.variant_id]
            content = build(
                frozen, issue.envelope, reader, address, keys.message_id(issue.envelope.campaign_id, row.ref), date
            )
        except InvalidError as error:
            return Outcome(Fate.FAILED, reply=str(error))
        return Parcel(row.id, issue.return_address, address, content)
