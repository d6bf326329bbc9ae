"""Nothing is sent unsigned that should have been signed: not by a worker, not by whatever starts a campaign."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from mailer import vault
from mailer.campaign.campaign import demand_signed
from mailer.config import Settings
from mailer.demo.organisation import DOMAIN
from mailer.errors import MisconfiguredError
from mailer.installation import Installation
from mailer.model import Campaign, Delivery, DeliveryState
from mailer.vault import Algorithm, KeyState
from mailer.vault.rotation import made, retired, used
from tests.damage import damaged
from tests.worker.conftest import MemoryTransport, Run
from worker.office import Office


def change(house: Installation, *steps: vault.Step) -> Installation:
    for step in steps:
        vault.change(house.settings.key_file, house.settings.home, step)
    return house.renewed()


def with_key(house: Installation, domain: str = DOMAIN) -> Installation:
    return change(house, made(domain, Algorithm.ED25519, KeyState.SIGNING))


def under(house: Installation, **settings: str) -> Installation:
    return replace(house, settings=Settings.model_copy(house.settings, update=settings))


def at_work(office: Office, house: Installation) -> None:
    """As a worker that reads the key file at the beginning of a drain."""
    office.installation = house
    office.__post_init__()


def test_whose_key_signs_and_who_may_send_unsigned(house: Installation) -> None:
    assert house.signing(DOMAIN) == ()
    signs = with_key(house)
    assert [key.domain for key in signs.signing(DOMAIN)] == [DOMAIN]
    assert [key.domain for key in signs.signing(f"sub.{DOMAIN}")] == [DOMAIN]
    assert under(signs, sign="off").signing(DOMAIN) == under(house, sign="off").signing(DOMAIN) == ()
    for refusing, domain in ((signs, "other.example"), (under(house, sign="required"), DOMAIN)):
        with pytest.raises(MisconfiguredError, match=rf"from {domain}.*MAILER_SIGN=off"):
            refusing.signing(domain)


@pytest.mark.parametrize("state", [KeyState.NEXT, KeyState.RETIRED])
def test_a_key_that_does_not_sign_does_not_have_mails_leave_unsigned(house: Installation, state: KeyState) -> None:
    with pytest.raises(MisconfiguredError, match="No key signs"):
        change(house, made(DOMAIN, Algorithm.ED25519, state)).signing(DOMAIN)


def test_a_damaged_key_is_no_key(house: Installation) -> None:
    """It loads, and what it signs nobody could verify."""
    signs = change(house, made(DOMAIN, Algorithm.RSA, KeyState.SIGNING))
    signs.keys.dkim[:] = map(damaged, signs.keys.dkim)
    with pytest.raises(MisconfiguredError, match=r"damaged.*backup"):
        signs.signing(DOMAIN)


def test_a_worker_signs_what_it_sends(
    house: Installation, sending: Campaign, office: Office, drain: Run, transport: MemoryTransport
) -> None:
    assert sending
    at_work(office, with_key(house))
    drain()
    assert len(transport.sent) == 40
    assert all(parcel.content.startswith(b"DKIM-Signature: ") for parcel in transport.sent)
    assert all(f"d={DOMAIN};".encode() in parcel.content for parcel in transport.sent)


def test_a_worker_without_the_right_key_keeps_its_rows_and_says_why(
    house: Installation,
    sending: Campaign,
    office: Office,
    drain: Run,
    transport: MemoryTransport,
    logged: Callable[[], str],
) -> None:
    assert sending
    at_work(office, with_key(house, "other.example"))
    drain(enough=lambda: f"No key signs mails from {DOMAIN}" in logged())
    assert transport.sent == []
    assert f"No key signs mails from {DOMAIN}" in logged()
    assert "Traceback" not in logged()
    with house.database.read() as session:
        assert set(session.scalars(select(Delivery.state))) == {DeliveryState.PENDING}
    # Once there is one they go, signed.
    at_work(office, with_key(house))
    drain()
    assert len(transport.sent) == 40
    assert all(b"DKIM-Signature" in parcel.content for parcel in transport.sent)


def test_a_worker_that_nobody_told_where_the_pages_are_keeps_its_rows_and_says_so(
    house: Installation,
    sending: Campaign,
    office: Office,
    drain: Run,
    transport: MemoryTransport,
    logged: Callable[[], str],
) -> None:
    """Its links would lead nowhere, whoever else was told."""
    assert sending
    at_work(office, under(house, public_url=Settings.model_fields["public_url"].default))
    drain(enough=lambda: "MAILER_PUBLIC_URL" in logged())
    assert transport.sent == []
    assert "MAILER_PUBLIC_URL" in logged()
    at_work(office, house)
    drain()
    assert len(transport.sent) == 40


def test_a_key_that_is_used_meanwhile_signs_from_the_next_drain_on(house: Installation) -> None:
    signs = with_key(house)
    (first,) = signs.signing(DOMAIN)
    after = change(house, made(DOMAIN, Algorithm.ED25519, KeyState.NEXT)).keys.dkim[-1]
    assert signs.renewed().signing(DOMAIN)[0].selector == first.selector
    change(house, used(DOMAIN, after.selector))
    assert [key.selector for key in signs.renewed().signing(DOMAIN)] == [after.selector]


def test_a_key_file_that_is_away_or_another_leaves_the_keys_in_hand(
    house: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    signs = with_key(house)
    path = house.settings.key_file
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"installation": "another"}))
    assert signs.renewed() is signs
    path.unlink()
    assert signs.renewed() is signs
    said = "".join(capfd.readouterr())
    assert "belongs to another database" in said
    assert "There is no key file" in said


def test_a_campaign_whose_mails_nobody_would_sign_is_not_begun(house: Installation, campaign: Campaign) -> None:
    signs = with_key(house)
    with house.database.read() as session:
        newsletter = session.get_one(Campaign, campaign.id).topic.newsletter
        demand_signed(house, newsletter)
        demand_signed(signs, newsletter)
        left = change(house, retired(DOMAIN, signs.keys.dkim[0].selector))
        with pytest.raises(MisconfiguredError, match="No key signs"):
            demand_signed(left, newsletter)
