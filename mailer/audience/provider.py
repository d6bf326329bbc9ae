"""Which provider takes mail for a domain: a table of the large ones, one group for all others."""

OTHER = "other"

_DOMAINS = {
    "gmail": ("gmail.com", "googlemail.com"),
    "outlook": ("outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "live.hk", "msn.com", "outlook.hk"),
    "yahoo": ("yahoo.com", "yahoo.com.hk", "yahoo.com.tw", "yahoo.co.uk", "ymail.com", "rocketmail.com"),
    "icloud": ("icloud.com", "me.com", "mac.com"),
    "qq": ("qq.com", "foxmail.com"),
    "netease": ("163.com", "126.com", "yeah.net"),
}
_PROVIDERS = {domain: provider for provider, domains in _DOMAINS.items() for domain in domains}


def provider(domain: str) -> str:
    """The provider group of a canonical domain."""
    return _PROVIDERS.get(domain, OTHER)
