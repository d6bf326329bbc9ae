"""The pictures that a frozen form shows: each has ``image:HASH`` where its address goes."""

import re
from collections.abc import Callable

from mailer.render.holes import Form

# Words and attributes that people write cannot look like this: there every < and " is a reference.
_SHOWN = re.compile(r'(<img\b[^>]*?\ssrc=")image:([0-9a-f]{64})(?=")')


def shown(form: Form) -> list[str]:
    """The hash of each picture, once, in order."""
    return list(dict.fromkeys(found[2] for part in form.parts for found in _SHOWN.finditer(part)))


def placed(form: Form, address: Callable[[str], str]) -> Form:
    """The form with the ``address`` that each hash has; it stands in an attribute as it is."""
    parts = tuple(_SHOWN.sub(lambda found: found[1] + address(found[2]), part) for part in form.parts)
    return Form(parts, form.holes)
