"""Names: what the DNS says of them, asked once for as long as it holds."""

from dns.rdatatype import RdataType

from mailer import resolver
from mailer.resolver import Answer
from worker.transport.memory import Memory

_MOST_NAMES = 20_000
_LEAST_SECONDS, _MOST_SECONDS = 60, 86_400
_SILENCE = Answer(None, exists=True, seconds=30)
"""Not asked again at once: each message to the same domain would wait for it."""


class Names:
    """Asks ``server`` (MAILER_DNS, other than ``off``)."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._known = Memory[Answer](_MOST_NAMES)

    async def ask(self, name: str, kind: RdataType) -> Answer | None:
        """The records of that kind; None where nothing is told. Ends within 3 s."""
        place = f"{kind} {name}"
        answer = self._known.get(place)
        if answer is None:
            answer = await resolver.look_up(self._server, name, kind) or _SILENCE
            held = answer.seconds if answer is _SILENCE else min(max(answer.seconds, _LEAST_SECONDS), _MOST_SECONDS)
            self._known.keep(place, answer, held)
        return None if answer is _SILENCE else answer

    async def stand(self) -> bool:
        """Whether there is anybody who answers at all."""
        return await resolver.stands(self._server)
