"""The bench's people: the demo's, spread evenly over a few providers, so that several lanes have as much to do."""

from collections.abc import Iterator
from dataclasses import replace

from mailer.demo.people import Person, people

DOMAINS = ("gmail.com", "yahoo.com.hk", "outlook.com", "qq.com", "kite-island.example")
"""Each is another provider's: so many lanes there are."""


def crowd(count: int) -> Iterator[Person]:
    """The first ``count`` people, one at a time, always the same; all want every edition."""
    for number, person in enumerate(people(count)):
        local = person.address.partition("@")[0]
        yield replace(person, address=f"{local}@{DOMAINS[number % len(DOMAINS)]}", pace="all")
