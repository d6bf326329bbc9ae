"""Several providers with as many readers each, and a sink of its own for each, so that it is known who took what."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle

from sqlalchemy import select

from mailer.audience.enrol import enrol
from mailer.audience.provider import known
from mailer.demo.people import Person, people
from mailer.model import Topic
from tests.sinks import SmtpSink
from tests.stories.conftest import Scene


def open_providers(scene: Scene, stack: ExitStack, domains: Sequence[str], readers: int) -> dict[str, SmtpSink]:
    """The sink of each domain, there for as long as the stack; ``readers``: of all together."""
    sinks = {domain: stack.enter_context(SmtpSink()) for domain in domains}
    for domain, sink in sinks.items():
        scene.lead(way(domain), sink, provider=known(domain))
    with scene.house.database.read() as session:
        topic = session.scalars(select(Topic)).one()
    list(enrol(scene.house.database, scene.house.keys, topic, "story", _readers(domains, readers)))
    return sinks


def way(domain: str) -> str:
    """The name of the route to its provider."""
    return f"to-{known(domain)}"


def _readers(domains: Sequence[str], n: int) -> Iterator[Person]:
    for number, (person, domain) in enumerate(zip(people(n), cycle(domains), strict=False)):
        yield replace(person, address=f"reader-{number}@{domain}")
