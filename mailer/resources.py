"""Where the templates and catalogues lie: inside an installed package, or beside it in a checkout."""

from functools import lru_cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


@lru_cache
def folder(name: str) -> Path:
    """The folder ``templates`` or ``locales``."""
    bundled = _PACKAGE / "_bundled" / name
    return bundled if bundled.is_dir() else _PACKAGE.parent / name
