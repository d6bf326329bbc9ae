"""``mailer edition versions|compare|restore``: what an edition was, and having it again."""

from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from mailer.cli.argument import AsJson, InNewsletter, Person, Slug
from mailer.cli.edition import stored
from mailer.cli.screen import screen
from mailer.compose import draft as drafts
from mailer.compose import exchange
from mailer.compose import version as kept
from mailer.compose.compare import Difference, Kind, compare
from mailer.compose.draft import Draft
from mailer.i18n import N_
from mailer.model import Edition

_STYLES = {"equal": "", "delete": "red strike", "insert": "green underline"}
_MARKS = {"equal": ("", ""), "delete": ("[-", "-]"), "insert": ("{+", "+}")}
_Number = Annotated[int, typer.Argument(metavar="VERSION", help="Its number.", min=1, max=2**31 - 1)]


def versions(edition: Slug, newsletter: InNewsletter = None, as_json: AsJson = False) -> None:
    """List every save of an edition, the newest first: who, when, what was done."""
    with stored.read(edition, newsletter) as (session, found):
        zone = ZoneInfo(found.newsletter.zone)
        rows = [(each.number, each.at, each.by, each.action) for each in kept.versions(session, found)]
    if as_json:
        told = [{"version": n, "at": at.isoformat(), "by": by, "action": action} for n, at, by, action in rows]
        screen().json({"edition": edition, "versions": told})
        return
    say = screen().say
    table = Table(say(N_("Version")), say(N_("When")), say(N_("Who")), say(N_("What")), header_style="bold")
    for number, at, by, action in rows:
        table.add_row(str(number), at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), by, _action(action))
    screen().results.print(table)


def _action(action: str) -> str:
    word, _, number = action.partition(" ")
    sentences = {
        kept.SAVE: N_("saved"),
        kept.REVIEW: N_("reviewed"),
        kept.APPROVE: N_("approved"),
        "restore": N_("restored from %(number)s"),
    }
    return screen().say(sentences[word], **({"number": number} if number else {}))


def comparison(
    edition: Slug,
    old: _Number,
    new: Annotated[int | None, typer.Argument(metavar="[VERSION]", min=1, help="[default: as it is now]")] = None,
    newsletter: InNewsletter = None,
    as_json: AsJson = False,
) -> None:
    """Show what one version has different from another, block by block."""
    with stored.read(edition, newsletter) as (session, found):
        found_differences = compare(_state(session, found, old), _state(session, found, new))
    if as_json:
        screen().json({"edition": edition, "differences": [_entry(each) for each in found_differences]})
        return
    show(found_differences)
    if not found_differences:
        screen().out(screen().say(N_("There is no difference.")))


def _state(session: Session, edition: Edition, number: int | None) -> Draft:
    if number is None:
        return drafts.of(edition)
    return kept.content(session, kept.version(session, edition, number))


def show(differences: Sequence[Difference]) -> None:
    """Differences for people: a line each, and below a text's the words that went and came."""
    for each in differences:
        screen().out(each.say(screen().say))
        if each.kind is Kind.TEXT:
            screen().results.print(_words(each), soft_wrap=True)


def _words(difference: Difference) -> Text:
    """What went and came, in colour, and by signs for those who see none; long texts that stayed are cut short."""
    shown = Text("    ")
    for kind, words in difference.change.runs():
        before, after = _MARKS[kind]
        said = words if kind != "equal" or len(words) <= _LONGEST_SAME else f"{words[:_SHOWN]} … {words[-_SHOWN:]}"
        shown.append(f"{before}{said}{after}".replace("\n", "\n    "), _STYLES[kind])
    return shown


_LONGEST_SAME, _SHOWN = 90, 36


def _entry(difference: Difference) -> dict[str, Any]:
    change = difference.change
    where = {"kind": difference.kind.value, "block": difference.block, "language": difference.locale}
    return where | {"field": change.field, "old": change.old, "new": change.new}


def restore(
    edition: Slug, number: _Number, name: Person, newsletter: InNewsletter = None, as_json: AsJson = False
) -> None:
    """Make an edition what it was in an earlier version. What it is now stays a version, too."""
    with stored.change(edition, newsletter, name) as (session, found, by):
        made = exchange.restore(session, found, number, by).number
    if as_json:
        screen().json({"edition": edition, "version": made})
    else:
        line = N_("The edition %(slug)s is again what version %(old)s was; this is version %(new)s.")
        screen().out(screen().say(line, slug=edition, old=number, new=made))
