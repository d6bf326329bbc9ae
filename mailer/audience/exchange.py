"""Providers by domain: what the table of names says, else what was found before; found and renewed by a ticker.

Nobody who enrols waits for the DNS, nor can anybody tell from the time that an answer takes
whether a domain was new. A subscriber whose provider changes is in the new group from the next
campaign on: deliveries that there are already stay in the lane that they and their counts are in.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from mailer import clock, log, vault
from mailer.audience.address import domain
from mailer.audience.exchanger import Found, ask
from mailer.audience.provider import OTHER, known
from mailer.db.rows import one_of
from mailer.db.types import now_in
from mailer.db.upsert import insert
from mailer.errors import MisconfiguredError
from mailer.installation import Installation
from mailer.model import Exchange, Subscriber
from mailer.model.subscriber import place

_SUBSCRIBERS_AT_ONCE = 500
_DOMAINS_AT_ONCE = 50
_MEANWHILE = timedelta(hours=1)
"""For how long others leave alone what was taken to be looked for, should its taker die."""
_FORGOTTEN_SECONDS = 30 * 86400


@dataclass(frozen=True, slots=True)
class Group:
    """A domain's provider, and the hour from which it is to be looked for again; None where there is no need.

    Hours, since a finer time would tell when somebody enrolled.
    """

    provider: str
    due: datetime | None

    @property
    def stale(self) -> bool:
        """Whether that hour has come."""
        return self.due is not None and self.due <= clock.now()


@dataclass(frozen=True, slots=True)
class _Taken:
    id: int
    domain: str
    provider: str


def groups(session: Session, keys: vault.Vault, domains: Collection[str]) -> dict[str, Group]:
    """The group of each of these canonical domains as far as it is known here; asks nobody."""
    unknown = {keys.domain_index(name): name for name in domains if known(name) is None}
    kept = session.execute(
        select(Exchange.domain_index, Exchange.provider, Exchange.expires_at).where(Exchange.domain_index.in_(unknown))
    )
    found = {unknown[row.domain_index]: Group(row.provider, row.expires_at) for row in kept}
    hour = clock.this_hour()
    return {
        name: Group(provider, None) if (provider := known(name)) else found.get(name, Group(OTHER, hour))
        for name in domains
    }


def renew(house: Installation) -> int:
    """Look for the providers of some subscribers whose hour has come, each domain once; of how many.

    While the DNS is asked no transaction is open. What there is no time for now comes next.
    """
    if house.settings.dns == "off":
        return 0
    with house.database.write() as session:
        taken = _take(session, house.keys)
    if not taken:
        return 0
    domains = {one.domain for one in taken}
    with house.database.read() as session:
        stale = sorted(name for name, group in groups(session, house.keys, domains).items() if group.stale)
    found = ask(house.settings.dns, stale[:_DOMAINS_AT_ONCE]) if stale else {}
    with house.database.write() as session:
        _keep(session, house.keys, found, {one.domain: one.provider for one in taken})
        _regroup(session, taken, groups(session, house.keys, domains))
    return len(taken)


def _take(session: Session, keys: vault.Vault) -> list[_Taken]:
    """Some of those whose hour has come, so that no other ticker takes them as well."""
    rows = session.execute(
        select(Subscriber.id, Subscriber.ref, Subscriber.data_key, Subscriber.address, Subscriber.provider)
        .where(Subscriber.provider_due <= now_in(), Subscriber.data_key.is_not(None), Subscriber.address.is_not(None))
        .order_by(Subscriber.provider_due, Subscriber.id)
        .limit(_SUBSCRIBERS_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not rows:
        return []
    later = clock.this_hour() + _MEANWHILE
    session.execute(
        update(Subscriber).where(one_of(session, Subscriber.id, [row.id for row in rows])).values(provider_due=later),
        execution_options={"synchronize_session": False},
    )
    taken = []
    with keys.open("providers") as opener:
        for row in rows:
            try:
                address = opener.text(row.address, row.data_key, place("address", row.ref))
            except MisconfiguredError as error:
                log.logger().error("provider.unreadable", subscriber=row.id, why=str(error))
            else:
                taken.append(_Taken(row.id, domain(address), row.provider))
    return taken


def _keep(session: Session, keys: vault.Vault, found: Mapping[str, Found], was: Mapping[str, str]) -> None:
    """Write down what was found; where nothing was, the provider that it ``was`` so far holds a while longer."""
    hour = clock.this_hour()
    lines = [
        {
            "domain_index": keys.domain_index(name),
            "provider": answer.provider or was[name],
            "null_mx": answer.null_mx,
            "found_at": hour,
            "expires_at": hour + timedelta(seconds=answer.seconds),
        }
        for name, answer in found.items()
    ]
    if lines:
        lines.sort(key=lambda line: str(line["domain_index"]))
        statement = insert(session, Exchange)
        new = {name: statement.excluded[name] for name in ("provider", "null_mx", "found_at", "expires_at")}
        session.execute(statement.on_conflict_do_update(index_elements=["domain_index"], set_=new), lines)
    # Of these domains nobody is a subscriber any more.
    session.execute(
        delete(Exchange).where(Exchange.expires_at < now_in(-_FORGOTTEN_SECONDS)),
        execution_options={"synchronize_session": False},
    )


def _regroup(session: Session, taken: Iterable[_Taken], now: Mapping[str, Group]) -> None:
    """Move them to where they belong; those of a domain that was not asked for yet stay, and come next."""
    changes = [
        {
            "id": one.id,
            "provider": one.provider if now[one.domain].stale else now[one.domain].provider,
            "provider_due": now[one.domain].due,
        }
        for one in sorted(taken, key=lambda one: one.id)
    ]
    session.execute(update(Subscriber), changes)
