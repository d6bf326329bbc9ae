"""Routes: the ways out that there are, which of them a mail may take, and what an operator decides about them."""

import re
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailer import clock, url, vault
from mailer.campaign.defaults import DEFAULTS
from mailer.compose.newsletter import find as newsletter
from mailer.config import Settings
from mailer.db.upsert import insert
from mailer.errors import NotFoundError, RefusedError, Term, WrongUsageError
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.model import AuditEntry, Limit, Newsletter, Route
from mailer.model.route import Mechanism, route_place

RELAY = "relay"
"""MAILER_RELAY_URL: the way of whatever no other route is for."""
SCOPE = "route:"
"""Before its name, what its limits are kept under."""
MOST_WEIGHT = 1000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
_TAKEN = {RELAY, "all", *DEFAULTS}
"""What limits are called by already."""


@dataclass(frozen=True, slots=True)
class Way:
    """A route as a worker needs it; ``url`` is empty for MAILER_RELAY_URL. What is sealed stays so."""

    name: str
    url: str = ""
    weight: int = 1
    ca_file: str = ""
    mechanism: str | None = None
    ref: bytes = b""
    data_key: bytes = b""
    username: bytes | None = None
    secret: bytes | None = None
    provider: str | None = None
    newsletter_id: int | None = None

    @property
    def rank(self) -> tuple[bool, bool]:
        """How narrow it is: for a newsletter before for a provider, both before for all."""
        return self.newsletter_id is not None, self.provider is not None

    def where(self, settings: Settings) -> str:
        """The server that it leads to, as ``url`` or MAILER_RELAY_URL has it."""
        return self.url or settings.relay_url

    def is_direct(self, settings: Settings) -> bool:
        """Whether it leads to each reader's own exchanger."""
        return self.where(settings) == url.DIRECT

    def serves(self, provider: str, newsletter_id: int) -> bool:
        """Whether it is for such mail."""
        return self.provider in (None, provider) and self.newsletter_id in (None, newsletter_id)


def ways(session: Session) -> list[Way]:
    """All that there are: those that somebody added, and the relay of the settings where none of them is for all."""
    columns = [getattr(Route, name) for name in Way.__dataclass_fields__]
    added = [Way(*row) for row in session.execute(select(*columns).order_by(Route.id))]
    return added if any(way.rank == (False, False) for way in added) else [Way(RELAY), *added]


def fit(among: Iterable[Way], provider: str, newsletter_id: int) -> tuple[Way, ...]:
    """Those that a mail may take: of all that serve it the narrowest."""
    serving = [way for way in among if way.serves(provider, newsletter_id)]
    narrowest = max(way.rank for way in serving)
    return tuple(way for way in serving if way.rank == narrowest)


def add(
    session: Session,
    house: Installation,
    name: str,
    address: str,
    by: str,
    *,
    username: str = "",
    secret: str = "",
    mechanism: str | None = None,
    ca_file: str = "",
    weight: int = 1,
    provider: str | None = None,
    for_newsletter: str | None = None,
) -> None:
    """Add a route. Raises WrongUsageError for what none can be, RefusedError for a name that is there already.

    MisconfiguredError where it goes straight to readers' servers and the DNS may not be asked.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise WrongUsageError(
            N_("%(name)s cannot name a route: small letters, digits and -, and no name that limits have already."),
            name=name,
        )
    if mechanism not in (None, *Mechanism):
        raise WrongUsageError(N_("--mechanism takes one of %(known)s."), known=", ".join(Mechanism))
    _demand(address, username, secret, mechanism, weight, provider)
    _demand_authorities(address, ca_file)
    url.demand_dns(address, house.settings.dns)
    ref, keys = vault.new_ref(), house.keys
    plain, wrapped = keys.new_data_key(route_place("data_key", ref))
    made = insert(session, Route).values(
        name=name,
        url=address,
        ca_file=ca_file,
        mechanism=mechanism,
        ref=ref,
        data_key=wrapped,
        username=keys.seal(plain, username, route_place("username", ref)) if username else None,
        secret=keys.seal(plain, secret, route_place("secret", ref)) if secret else None,
        weight=weight,
        provider=provider,
        newsletter_id=newsletter(session, for_newsletter).id if for_newsletter else None,
    )
    # Asked of the write itself: whoever adds the same name at this moment is waited for.
    if not session.execute(made.on_conflict_do_nothing(index_elements=["name"]).returning(Route.id)).all():
        raise RefusedError(N_("There is a route %(name)s already: remove it first, or choose another name."), name=name)
    _note(session, name, by, "add", weight=weight, provider=provider, newsletter=for_newsletter)


def weigh(session: Session, name: str, weight: int, by: str) -> None:
    """Change a route's share. Raises WrongUsageError for what is none, NotFoundError where there is no such route."""
    _demand_weight(weight)
    _found(session, name).weight = weight
    _note(session, name, by, "weigh", weight=weight)


def remove(session: Session, name: str, by: str) -> None:
    """Remove a route, its secret and its limits with it. What is in hand by it is finished. Raises NotFoundError.

    Limits that stayed would hold whatever server has the same name some day, by the age of another's warm-up.
    """
    session.delete(_found(session, name))
    session.execute(delete(Limit).where(Limit.scope == f"{SCOPE}{name}"))
    _note(session, name, by, "remove")


def newsletters(session: Session, among: Sequence[Way]) -> dict[int, str]:
    """The slugs of the newsletters that some of these are for alone."""
    wanted = {way.newsletter_id for way in among if way.newsletter_id is not None}
    return dict(session.execute(select(Newsletter.id, Newsletter.slug).where(Newsletter.id.in_(wanted))).all())


def _demand(address: str, username: str, secret: str, mechanism: str | None, weight: int, provider: str | None) -> None:
    try:
        url.way(address)
    except ValueError as error:
        raise WrongUsageError(N_("This address cannot be a route's: %(why)s"), why=Term(str(error))) from None
    if address == url.DIRECT and (username or mechanism):
        raise WrongUsageError(
            N_("Nobody signs in where mail goes straight to its readers' servers: give no name, password or mechanism.")
        )
    if bool(username) != bool(secret):
        raise WrongUsageError(N_("A name and its password go together: give both, or none."))
    if username and not url.secret(address):
        raise WrongUsageError(
            N_("Nobody tells a password where others can hear it: give smtps:// or smtp+starttls://HOST:PORT.")
        )
    if provider is not None and provider not in DEFAULTS:
        known = ", ".join(DEFAULTS)
        raise WrongUsageError(
            N_("There is no provider %(provider)s: name one of %(known)s."), provider=provider, known=known
        )
    _demand_weight(weight)


def _demand_authorities(address: str, ca_file: str) -> None:
    if not ca_file:
        return
    if address.startswith("smtp://"):
        raise WrongUsageError(
            N_("Certificates are looked at where a line is encrypted: give smtps:// or smtp+starttls://HOST:PORT.")
        )
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError:
        raise WrongUsageError(N_("There are no certificates to be read in %(file)s."), file=ca_file) from None


def _demand_weight(weight: int) -> None:
    if not 0 <= weight <= MOST_WEIGHT:
        raise WrongUsageError(N_("A weight is a whole number from 0 (stands by) to %(most)s."), most=MOST_WEIGHT)


def _found(session: Session, name: str) -> Route:
    found = session.scalar(select(Route).where(Route.name == name))
    if found is None:
        raise NotFoundError(N_("There is no route %(name)s: `mailer route list` shows them."), name=name)
    return found


def _note(session: Session, name: str, by: str, action: str, **detail: object) -> None:
    session.add(AuditEntry(at=clock.now(), name=by, action=f"route.{action}", subject=name, detail=detail))
