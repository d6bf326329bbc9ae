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


def table(head: str, rows: Mapping[str, Mapping[DeliveryState, int]]) -> Table:
    """Rows of states as a table with a column for each state that occurs."""
    shown = [state for state in DeliveryState if any(states.get(state) for states in rows.values())]
    made = Table(screen().say(head), *(state_name(state) for state in shown), header_style="bold")
    for column in made.columns[1:]:
        column.justify = "right"
    for name, states in rows.items():
        made.add_row(name, *(str(states.get(state, 0)) for state in shown))
    return made
