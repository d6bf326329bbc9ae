"""What pydantic finds wrong with a value, in words for whoever wrote it."""

import re

from pydantic import ValidationError

from mailer.errors import Term
from mailer.i18n import N_

_NO_NUMBER = N_("it must be a whole number")
_NO_FLAG = N_("it must be yes or no")
_NO_KEYS = N_("here must stand keys with their values")
_ONE_OF = N_("it must be one of: %(expected)s")
_NO_TIME = N_("there is no such day or time")

# By pydantic's name for the fault; the values are pydantic's own.
_REASONS = {
    "missing": N_("it is missing"),
    "extra_forbidden": N_("there is no such key here"),
    "literal_error": _ONE_OF,
    "enum": _ONE_OF,
    "string_type": N_("it must be a text"),
    "string_pattern_mismatch": N_("it must have the form %(pattern)s"),
    "string_too_short": N_("it must be at least %(min_length)s characters long"),
    "string_too_long": N_("it must be at most %(max_length)s characters long"),
    "list_type": N_("it must be a list"),
    "too_short": N_("it must have at least %(min_length)s entries"),
    "too_long": N_("it must have at most %(max_length)s entries"),
    "dict_type": _NO_KEYS,
    "model_type": _NO_KEYS,
    "int_type": _NO_NUMBER,
    "int_parsing": _NO_NUMBER,
    "bool_type": _NO_FLAG,
    "bool_parsing": _NO_FLAG,
    "greater_than_equal": N_("it must be at least %(ge)s"),
    "less_than_equal": N_("it must be at most %(le)s"),
    "date_from_datetime_parsing": _NO_TIME,
    "date_parsing": _NO_TIME,
    "datetime_from_date_parsing": _NO_TIME,
    "datetime_parsing": _NO_TIME,
}


def reason(error: ValidationError, *before: str) -> Term:
    """The first fault, behind the keys that lead to it; ``before``: those above what was looked at.

    What pydantic alone has words for stays in its English.
    """
    first = error.errors()[0]
    keys = ".".join([*before, *(part for part in first["loc"] if isinstance(part, str))])
    why = _why(first["type"], first["msg"], first.get("ctx", {}))
    return Term(N_("%(key)s: %(why)s"), key=keys, why=why) if keys else why


def _why(kind: str, said: str, values: dict[str, object]) -> Term:
    if isinstance(found := values.get("error"), ValueError) and isinstance(found.args[0], Term):
        # Of our own checks.
        return found.args[0]
    if "expected" in values:
        # An English list in quotes: 'issue', 'digest' or 'yearly'.
        values = {"expected": ", ".join(re.findall("'([^']*)'", str(values["expected"])))}
    return Term(_REASONS[kind], **values) if kind in _REASONS else Term(said)
