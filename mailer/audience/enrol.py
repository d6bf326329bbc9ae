"""Enrolment: people become sealed rows with a recorded consent."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mailer import clock, vault
from mailer.audience.address import canonical, domain
from mailer.audience.exchange import Group, groups
from mailer.characters import refuse_controls
from mailer.db import Database
from mailer.i18n import languages
from mailer.model import Subscriber, SubscriberState, Subscription, SubscriptionState, Topic
from mailer.model.subscriber import place

_BATCH = 1000


class Newcomer(Protocol):
    """Somebody who asked to be enrolled."""

    @property
    def address(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def greeting_name(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def pace(self) -> str: ...


def enrol(
    database: Database, keys: vault.Vault, topic: Topic, form: str, newcomers: Iterable[Newcomer]
) -> Iterator[int]:
    """Enrol in batches, a transaction each; yields how many are in so far.

    ``form`` names the version of the form that they agreed to. Raises InvalidError for an
    address that is none or a name with control characters; the batches before it stay. A name may be empty.
    """
    remaining = iter(newcomers)
    done = 0
    while batch := list(islice(remaining, _BATCH)):
        with database.write() as session:
            _enrol_batch(session, keys, topic, form, batch)
        done += len(batch)
        yield done


def _enrol_batch(session: Session, keys: vault.Vault, topic: Topic, form: str, batch: list[Newcomer]) -> None:
    hour = clock.this_hour()
    addresses = [canonical(person.address) for person in batch]
    known = groups(session, keys, set(map(domain, addresses)))
    sealed = (
        _sealed(keys, person, address, known[domain(address)]) for person, address in zip(batch, addresses, strict=True)
    )
    rows = {row["ref"]: row for row in sealed}
    session.execute(insert(Subscriber), list(rows.values()))
    ids = session.execute(select(Subscriber.id, Subscriber.mode).where(Subscriber.ref.in_(rows)))
    session.execute(
        insert(Subscription),
        [
            {
                "subscriber_id": id_,
                "topic_id": topic.id,
                "state": SubscriptionState.ACTIVE,
                "consent_form": form,
                "consent_locale": languages(mode)[0],
                "consent_at": hour,
            }
            for id_, mode in ids
        ],
    )


def _sealed(keys: vault.Vault, person: Newcomer, address: str, group: Group) -> dict[str, object]:
    ref = vault.new_ref()
    names = {column: refuse_controls(getattr(person, column).strip()) for column in ("name", "greeting_name")}
    plain, wrapped = keys.new_data_key(place("data_key", ref))
    return {
        "ref": ref,
        "data_key": wrapped,
        "address": keys.seal(plain, address, place("address", ref)),
        "address_index": keys.address_index(address),
        **{column: keys.seal(plain, name, place(column, ref)) if name else None for column, name in names.items()},
        "provider": group.provider,
        "provider_due": group.due,
        "mode": person.mode,
        "pace": person.pace,
        "state": SubscriberState.ACTIVE,
        "created_at": clock.this_hour(),
    }
