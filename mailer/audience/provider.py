"""Which provider takes mail for a domain: a table of the large ones' names, one group for all others."""

OTHER = "other"

# Names and all below them: the domains of mailboxes, and those that the providers' exchangers lie in.
_NAMES = {
    "gmail": ("gmail.com", "googlemail.com", "google.com"),
    "outlook": (
        "outlook.com", "outlook.hk", "hotmail.com", "hotmail.co.uk", "hotmail.fr", "live.com", "live.hk", "live.cn",
        "live.co.uk", "msn.com", "mx.microsoft",
    ),
    "yahoo": (
        "yahoo.com", "yahoo.com.hk", "yahoo.com.tw", "yahoo.com.sg", "yahoo.com.au", "yahoo.co.uk", "yahoo.ca",
        "yahoo.fr", "yahoo.de", "ymail.com", "rocketmail.com", "aol.com", "yahoodns.net",
    ),
    "icloud": ("icloud.com", "me.com", "mac.com"),
    "qq": ("qq.com", "foxmail.com"),
    "netease": ("163.com", "126.com", "yeah.net", "188.com", "netease.com"),
    "hinet": ("hinet.net",),
    OTHER: (
        # The lines that HiNet lets, and what their holders run on them.
        "hinet-ip.hinet.net", "dynamic-ip.hinet.net",
        # Names that lead nowhere (RFC 2606, RFC 6761, RFC 6762, RFC 7686, RFC 8375).
        "example", "example.com", "example.net", "example.org", "test", "invalid", "localhost", "local", "onion",
        "internal", "arpa",
    ),
}  # fmt: skip
_PROVIDERS = {name: provider for provider, names in _NAMES.items() for name in names}


def known(name: str) -> str | None:
    """The provider group of a domain, or of an exchanger by its name in small letters; None where nobody knows.

    The longest name in the table that it lies in decides.
    """
    while name:
        if name in _PROVIDERS:
            return _PROVIDERS[name]
        name = name.partition(".")[2]
    return None
