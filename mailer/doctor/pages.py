"""The web address that goes into every mail: where readers unsubscribe, by one click too (RFC 8058 §3.1: https)."""

from urllib.parse import urlsplit

from dns import rdatatype
from dns.inet import is_address

from mailer import resolver
from mailer.config import Settings
from mailer.doctor.check import Check, broken, fine, look
from mailer.i18n import N_


def pages(settings: Settings) -> Check:
    """Whether it is ours, and leads somewhere."""
    url = settings.public_url
    if not settings.has_pages:
        return broken(
            "public_url", url, N_("Nobody has set MAILER_PUBLIC_URL, and without it no reader can unsubscribe")
        )
    host = urlsplit(url).hostname or ""
    if is_address(host):
        return look("public_url", url, N_("It is a number: certificates want a name, and so do readers"))
    if settings.dns == "off":
        return look("public_url", url, N_("MAILER_DNS is off, so nobody was asked whether its name is there."))
    answers = [resolver.ask(settings.dns, [host], kind) for kind in (rdatatype.A, rdatatype.AAAA)]
    if any(found.get(host) for found in answers):
        return fine("public_url", url, N_("is https, as one-click unsubscribing wants, and its name is in the DNS"))
    if any(host not in found for found in answers):
        return look("public_url", url, N_("The DNS did not answer for %(name)s."), name=host)
    return broken("public_url", url, N_("Its name is not in the DNS, so no reader can unsubscribe: publish it"))
