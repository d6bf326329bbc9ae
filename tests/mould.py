"""Installations to copy: each kind is made once in a run, and every test has a copy of its files and database."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from mailer import installation
from mailer.audience.enrol import enrol
from mailer.campaign import limit
from mailer.campaign.campaign import create
from mailer.compose.edition import save
from mailer.compose.folder import read
from mailer.config import Settings, load
from mailer.demo import organisation, show
from mailer.demo.people import people
from mailer.installation import Installation
from mailer.render.approval import approve
from tests.servers import Postgres

SAMPLE = Path(show.__file__).parent / "editions" / "wrap-up-2026"


@dataclass(frozen=True)
class Mould:
    """An installation: its files in a folder, its database under a name; without ``postgres`` that is a file, too."""

    folder: Path
    name: str
    postgres: Postgres | None

    def make(self, *, campaign: bool) -> None:
        """As ``mailer init`` leaves it, or with a campaign that may start."""
        if self.postgres:
            self.postgres.create(self.name)
        made = installation.create(places(self.folder, self.postgres.url(self.name) if self.postgres else ""))
        if campaign:
            _prepare(made)
        made.database.dispose()

    def copy(self, folder: Path) -> None:
        """The files alone: a database is copied by its server."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


def places(folder: Path, database_url: str) -> Settings:
    """The settings of an installation in a folder."""
    home, key_file = folder / "home", folder / "key"
    return load(home=home, key_file=key_file, database_url=database_url, public_url=organisation.PUBLIC_URL, dns="off")


def _prepare(house: Installation) -> None:
    """A draft campaign of the approved sample edition, with forty people who wait for it, and no limits."""
    with house.database.write() as session:
        topic = organisation.found(session)
    list(enrol(house.database, house.keys, topic, "test-1", people(40)))
    with house.database.write() as session:
        limit.lift(session, organisation.AUTHOR)
        edition = save(session, session.merge(topic).newsletter, read(SAMPLE), organisation.AUTHOR)
        approve(session, edition, organisation.APPROVER)
        create(session, edition, session.merge(topic), organisation.AUTHOR)
