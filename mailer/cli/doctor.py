"""``mailer doctor``: whether this installation is fit to send, and what to do where it is not."""

from collections.abc import Sequence

import typer
from rich.cells import set_cell_size

from mailer import i18n
from mailer.cli.argument import AsJson
from mailer.cli.screen import screen
from mailer.config import settings
from mailer.doctor.check import Check, Name, State
from mailer.doctor.examination import Group, examine
from mailer.i18n import N_

_WORDS = {State.FINE: N_("fine"), State.LOOK: N_("look at this"), State.BROKEN: N_("broken")}
NAMES: dict[Name, str] = {
    "home": N_("data home"),
    "space": N_("free space"),
    "withdrawals": N_("withdrawals"),
    "key_file": N_("key file"),
    "database": N_("database"),
    "clock": N_("clock"),
    "workers": N_("workers"),
    "broker": N_("broker"),
    "signing": N_("signatures"),
    "dkim": N_("DKIM record"),
    "dns": "DNS",
    "spf": "SPF",
    "dmarc": "DMARC",
    "mx": "MX",
    "route": N_("route"),
    "public_url": N_("address"),
}
_STYLES = {State.FINE: None, State.LOOK: "yellow", State.BROKEN: "bold red"}
_WIDTH = 13  # columns of the longest of these words, and a space


def doctor(as_json: AsJson = False) -> None:
    """Look whether this installation is fit to send: files, servers, keys, DNS, routes. Changes and sends nothing."""
    with screen().waiting(N_("Looking at files, servers, the DNS and the routes")):
        groups = examine(settings())
    checks = [check for group in groups for check in group.checks]
    fit = all(check.state is not State.BROKEN for check in checks)
    if as_json:
        screen().json({"checks": [_fields(check) for check in checks], "fit": fit})
    else:
        for group in groups:
            _show(group)
        _sum_up(checks)
    if not fit:
        raise typer.Exit(1)


def _show(group: Group) -> None:
    screen().out(screen().say(group.title), style="bold")
    for check in group.checks:
        state = set_cell_size(screen().say(_WORDS[check.state]), _WIDTH)
        name = screen().say(NAMES[check.name])
        line = N_("%(name)s %(about)s: %(says)s") if check.about else N_("%(name)s: %(says)s")
        line = screen().say(line, name=name, about=check.about, says=_said(check))
        screen().out(f"  {state}{line}", style=_STYLES[check.state])


def _sum_up(checks: Sequence[Check]) -> None:
    """One sentence for all of them."""
    wrong, odd = (sum(check.state is state for check in checks) for state in (State.BROKEN, State.LOOK))
    screen().out("")
    if wrong:
        screen().out(screen().say(N_("Not fit to send. Broken: %(wrong)s; to look at: %(odd)s."), wrong=wrong, odd=odd))
    elif odd:
        screen().out(screen().say(N_("Fit to send. To look at: %(odd)s."), odd=odd))
    else:
        screen().out(screen().say(N_("Fit to send.")))


def _said(check: Check) -> str:
    return check.says.say(i18n.translator(screen().language))


def _fields(check: Check) -> dict[str, str]:
    return {"name": check.name, "about": check.about, "state": check.state, "says": _said(check)}
