"""What commands show of states: their names, and tables of how many are in each."""

from collections.abc import Mapping

from rich.table import Table

from mailer.cli.screen import screen
from mailer.model import DeliveryState, names


def state_name(state: str) -> str:
    """A state in the person's language."""
    return screen().say(names.STATES[state])


def provider_name(provider: str) -> str:
    """A provider in the person's language."""
    return screen().say(names.PROVIDERS[provider])


def table(
    head: str, rows: Mapping[str, Mapping[DeliveryState, int]], notes: tuple[str, Mapping[str, str]] | None = None
) -> Table:
    """Rows of states as a table with a column for each state that occurs; ``notes``: one more, and its head."""
    shown = [state for state in DeliveryState if any(states.get(state) for states in rows.values())]
    made = Table(screen().say(head), *(state_name(state) for state in shown), header_style="bold")
    for column in made.columns[1:]:
        column.justify = "right"
    if notes:
        made.add_column(screen().say(notes[0]))
    for name, states in rows.items():
        words = [notes[1].get(name, "")] if notes else []
        made.add_row(name, *(str(states.get(state, 0)) for state in shown), *words)
    return made
