"""What looked odd, gathered as it is met: one sentence for each kind, with the first few places that it is about."""

from mailer.compose.intake.proposal import Oddity

_FEW = 5
_LONG = 40


class Notes:
    """Oddities by kind, in the order in which each was first met."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, None]] = {}

    def add(self, message: str, words: str = "") -> None:
        """Note one place: a message of the catalogue that names its places as ``%(words)s``, and what stands there."""
        places = self._places.setdefault(message, {})
        if len(places) <= _FEW:
            said = " ".join(words.split())
            places[f"{said[:_LONG]} …" if len(said) > _LONG else said] = None

    def oddities(self) -> tuple[Oddity, ...]:
        """One for each kind."""
        return tuple(Oddity(message, {"words": _few(list(places))}) for message, places in self._places.items())


def _few(places: list[str]) -> str:
    said = " / ".join(filter(None, places[:_FEW]))
    return f"{said} / …" if len(places) > _FEW else said
