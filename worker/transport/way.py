"""From a route as it is kept to the transport that takes it."""

from dataclasses import replace

from mailer.campaign.route import Way
from mailer.installation import Installation
from mailer.model.route import Mechanism, route_place
from worker.transport import Transport
from worker.transport.direct import Direct
from worker.transport.endpoint import Endpoint
from worker.transport.smtp import Smtp


def transport(house: Installation, way: Way) -> Transport:
    """The transport of a way. Raises as ``endpoint`` does."""
    settings = house.settings
    if way.is_direct(settings):
        return Direct(settings.dns, settings.smtp_timeout, ca_file=way.ca_file)
    return Smtp(endpoint(house, way), settings.smtp_timeout)


def endpoint(house: Installation, way: Way) -> Endpoint:
    """The relay of a way. Raises MisconfiguredError where the key that sealed its secret is not there."""
    with house.keys.open("route") as opener:
        username, secret = (
            opener.text(field, way.data_key, route_place(column, way.ref)) if field else ""
            for column, field in (("username", way.username), ("secret", way.secret))
        )
    return replace(
        Endpoint.of(way.where(house.settings)),
        username=username,
        secret=secret,
        mechanism=Mechanism(way.mechanism) if way.mechanism else None,
        ca_file=way.ca_file,
    )
