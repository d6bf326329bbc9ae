"""The glossary of a newsletter: what is called what in each language, how never, and how in Simplified."""

from collections.abc import Iterable

from mailer.model import Term


def protected(terms: Iterable[Term]) -> dict[str, str]:
    """What conversion to Simplified Chinese makes of each protected term."""
    return {term.zh: term.hans for term in terms if term.hans}
