"""The life of the keys that sign: made, published, signing, retired, removed; one follows another with overlap.

What was signed by the former key is still on its way, in queues and in mailboxes that ask only when
they are opened, so a record outlives its key's last signature.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from mailer import clock
from mailer.errors import NotFoundError, RefusedError
from mailer.i18n import N_
from mailer.vault.dkim import Algorithm, DkimKey, KeyState, generate

OVERLAP = timedelta(days=14)
"""How long a retired key's record stays. A mail is tried for MAILER_LIFETIME, two weeks at most, then for its
relay's own days; nearly all are there, and verified, within hours."""

Keys = Sequence[DkimKey]
Step = Callable[[Keys], Keys]
"""A step in the life of a key: from the keys as they are to the keys as they shall be."""


def made(domain: str, algorithm: Algorithm, state: KeyState) -> Step:
    """A fresh key of a domain, behind those that are there."""
    return lambda keys: [*keys, generate(domain, _selector(keys), algorithm, state, _today())]


def used(domain: str, selector: str) -> Step:
    """A key begins to sign; the one of its algorithm that did so retires."""

    def step(keys: Keys) -> Keys:
        chosen = find(keys, domain, selector)
        return [
            _moved(key, KeyState.SIGNING)
            if key is chosen
            else _moved(key, KeyState.RETIRED)
            if (key.domain, key.algorithm) == (domain, chosen.algorithm) and key.state is KeyState.SIGNING
            else key
            for key in keys
        ]

    return step


def retired(domain: str, selector: str) -> Step:
    """A key signs no more. Raises RefusedError where it does not sign."""

    def step(keys: Keys) -> Keys:
        chosen = find(keys, domain, selector)
        if chosen.state is not KeyState.SIGNING:
            raise RefusedError(
                N_("The key %(name)s does not sign: there is nothing to retire."), name=chosen.record_name
            )
        return [_moved(key, KeyState.RETIRED) if key is chosen else key for key in keys]

    return step


def removed(domain: str, selector: str, *, early: bool = False) -> Step:
    """A key is gone. Raises RefusedError for one that signs, and unless ``early`` for one whose record is needed."""

    def step(keys: Keys) -> Keys:
        chosen = find(keys, domain, selector)
        if chosen.state is KeyState.SIGNING:
            raise RefusedError(
                N_("The key %(name)s signs: use another one in its place, or retire it first."), name=chosen.record_name
            )
        if chosen.state is KeyState.RETIRED and not early and _today() < needed_until(chosen):
            raise RefusedError(
                N_(
                    "What the key %(name)s has signed may still be on its way: keep its record until %(day)s,"
                    " or remove it all the same with --force."
                ),
                name=chosen.record_name,
                day=needed_until(chosen),
            )
        return [key for key in keys if key is not chosen]

    return step


def find(keys: Keys, domain: str, selector: str) -> DkimKey:
    """The key of this name, or NotFoundError."""
    for key in keys:
        if (key.domain, key.selector) == (domain, selector):
            return key
    raise NotFoundError(
        N_("There is no key %(selector)s of %(domain)s: mailer keys dkim lists them."),
        selector=selector,
        domain=domain,
    )


def signing(keys: Keys, domain: str) -> tuple[DkimKey, ...]:
    """Those that sign mails from ``domain``: its own, else those of the nearest domain above it.

    That is alignment, which DMARC (RFC 7489 §3.1.1) wants, exact where it can be.
    """
    fitting = [key for key in keys if key.state is KeyState.SIGNING and f".{domain}".endswith(f".{key.domain}")]
    nearest = max((len(key.domain) for key in fitting), default=0)
    return tuple(key for key in fitting if len(key.domain) == nearest)


def needed_until(key: DkimKey) -> date:
    """The day until which a retired key's record stays."""
    return (key.since or _today()) + OVERLAP


def _moved(key: DkimKey, state: KeyState) -> DkimKey:
    return key if key.state is state else replace(key, state=state, since=_today())


def _today() -> date:
    return clock.now().date()


def _selector(keys: Keys) -> str:
    """The year, so that an old key is seen to be old, and six digits by chance.

    Counted on from those that are there, a key that was removed would lend its name to the next one, and receivers
    would try the record that they remember.
    """
    taken = {key.selector for key in keys}
    while (selector := f"tl{clock.now():%Y}-{secrets.token_hex(3)}") in taken:
        pass
    return selector
