"""The public Internet: which IP addresses lie on it, and which lead into somebody's own network."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# What RFC 4291 §2.4 and the IANA registry give out as global unicast; all else is local, reserved or a disguise.
_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052 §2.1: an IPv4 address in its last 32 bits, to which a gateway carries what is sent there."""
_DOCUMENTATION = IPv6Network("3fff::/20")


def is_public(address: str) -> bool:
    """Whether an IP address, written in the usual way, is public; so must be each IPv4 address that it carries."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return _is_public_4(found)
    if carried := _carried(found):
        return all(map(_is_public_4, carried))
    return found in _UNICAST and found.is_global and found not in _DOCUMENTATION


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses inside an IPv6 one: mapped, NAT64, 6to4 (RFC 3056), Teredo (RFC 4380: server and client)."""
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [IPv4Address(address.packed[-4:])]
    if address.sixtofour:
        return [address.sixtofour]
    return list(address.teredo or ())
