"""The bench's own installation: an organisation, people, two approved editions, no limits."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import MetaData
from sqlalchemy.orm import Session

from mailer import clock, installation, vault
from mailer.audience.enrol import enrol
from mailer.bench import edition
from mailer.bench.crowd import DOMAINS, crowd
from mailer.bench.reference import CONNECTIONS
from mailer.campaign import limit
from mailer.campaign.campaign import create
from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.config import Settings
from mailer.demo.organisation import APPROVER, AUTHOR, DOMAIN, PUBLIC_URL, found
from mailer.installation import Installation
from mailer.model import Edition, Images, Topic
from mailer.render.approval import approve
from mailer.vault import Algorithm, DkimKey, KeyState
from mailer.vault.dkim import generate

_CONSENT_FORM = "bench-1"
_TIMES_FEWER, _FEWEST = 10, 50


@dataclass(frozen=True, slots=True)
class Issue:
    """An approved edition and the topic that it goes to, by their numbers."""

    edition: int
    topic: int

    def campaign(self, session: Session) -> int:
        """The number of a new campaign of it, still a draft."""
        made = create(session, session.get_one(Edition, self.edition), session.get_one(Topic, self.topic), AUTHOR)
        return made.id


@dataclass(frozen=True, slots=True)
class House:
    """What is measured in: ``digest`` goes to everybody, ``sample`` is the same for a tenth, as is ``pictures``."""

    installation: Installation
    digest: Issue
    sample: Issue
    pictures: Issue


def signing(place: House, algorithm: str) -> House:
    """The same with one key, which signs so from the next campaign on; with none for ''."""
    settings = place.installation.settings

    def only(_: Sequence[DkimKey]) -> list[DkimKey]:
        wanted = [Algorithm(algorithm)] if algorithm else []
        return [generate(DOMAIN, "bench", each, KeyState.SIGNING, clock.now().date()) for each in wanted]

    keys = vault.change(settings.key_file, settings.home, only)
    return replace(place, installation=replace(place.installation, keys=keys))


def fewer(subscribers: int) -> int:
    """How many get the edition with pictures, which is about ten times as heavy, and the sample."""
    return max(_FEWEST, subscribers // _TIMES_FEWER)


def connections(workers: int) -> int:
    """How many a lane has, so that all lanes of all workers together have about as many as smtp-source."""
    return max(1, round(CONNECTIONS / (workers * len(DOMAINS))))


@contextmanager
def house(settings: Settings, subscribers: int, *, keep: bool, enrolled: Callable[[int], None]) -> Iterator[House]:
    """A house with so many subscribers for as long as the block lasts; not ``keep``: then its database is empty again.

    Only a database that lies in the home is kept with it.

    Raises RefusedError where the database holds anything.
    """
    installation.demand_none(settings)
    made = installation.create(settings.model_copy(update={"public_url": PUBLIC_URL}))
    try:
        yield _furnished(made, subscribers, enrolled)
    finally:
        if not (keep and made.database.kind == "sqlite"):
            with made.database.rebuild() as session:
                _empty(session)
        made.database.dispose()


def _furnished(made: Installation, subscribers: int, enrolled: Callable[[int], None]) -> House:
    with made.database.write() as session:
        everybody = found(session)
        tenth = Topic(newsletter=everybody.newsletter, slug="tenth", name=everybody.name)
        session.add(tenth)
        everybody.newsletter.images = Images.HOSTED
        digest = _approved(session, everybody, edition.digest())
        everybody.newsletter.images = Images.EMBEDDED
        pictures = _approved(session, everybody, edition.picture_book())
        limit.lift(session, AUTHOR)
    more = islice(crowd(subscribers + fewer(subscribers)), subscribers, None)
    for topic, people in ((everybody, crowd(subscribers)), (tenth, more)):
        for done in enrol(made.database, made.keys, topic, _CONSENT_FORM, people):
            enrolled(done)
    return House(made, Issue(digest, everybody.id), Issue(digest, tenth.id), Issue(pictures, tenth.id))


def _approved(session: Session, topic: Topic, draft: Draft) -> int:
    made = save(session, topic.newsletter, draft, AUTHOR)
    approve(session, made, APPROVER)
    return made.id


def _empty(session: Session) -> None:
    """Remove every table: there was none before."""
    tables = MetaData()
    tables.reflect(session.connection())
    tables.drop_all(session.connection())
