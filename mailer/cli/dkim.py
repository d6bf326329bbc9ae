"""``mailer keys dkim …``: the keys that sign mails, their DNS records, and how one follows another."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from mailer import vault, zone
from mailer.cli.argument import AsJson, domain, slug
from mailer.cli.screen import screen
from mailer.config import settings
from mailer.errors import RefusedError
from mailer.i18n import N_
from mailer.vault import Algorithm, DkimKey, KeyState
from mailer.vault.rotation import Step, find, made, needed_until, removed, retired, signing, used
from mailer.zone import Record

app = typer.Typer(
    help="Keys that sign mails (DKIM).",
    invoke_without_command=True,
    rich_markup_mode=None,
)

_Domain = Annotated[str, typer.Argument(parser=domain, metavar="DOMAIN", help="The domain that mails are sent from.")]
_Selector = Annotated[str, typer.Argument(parser=slug, metavar="SELECTOR", help="The key's name within the domain.")]

_STATES = {KeyState.NEXT: N_("to be published"), KeyState.SIGNING: N_("signs"), KeyState.RETIRED: N_("retired")}
_RECORDS = {
    Record.PUBLISHED: N_("its record is published"),
    Record.MISSING: N_("its record is missing"),
    Record.DIFFERENT: N_("the DNS has another record"),
    Record.REVOKED: N_("the DNS says that it is revoked"),
    Record.SILENT: N_("the DNS did not answer"),
    Record.UNASKED: N_("the DNS was not asked"),
}


@app.callback()
def dkim(context: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, and what the DNS says of their records."""
    if context.invoked_subcommand is not None:
        return
    keys = _keys()
    with screen().waiting(N_("Asking the DNS")):
        found = zone.records(settings().dns, keys)
    if as_json:
        screen().json({"keys": [_numbers(key) | {"dns": record} for key, record in zip(keys, found, strict=True)]})
        return
    for key, record in zip(keys, found, strict=True):
        _show(key, record)
    if not keys:
        screen().out(screen().say(N_("There are no keys that sign mails.")))
    _warn(keys)


@app.command()
def new(
    of: _Domain,
    ed25519: bool = typer.Option(False, "--ed25519", help="Shorter; for use beside RSA, since many cannot verify it."),
    as_json: AsJson = False,
) -> None:
    """Make a key and show its DNS record. Nothing is signed with it until you use it."""
    key = _change(made(of, Algorithm.ED25519 if ed25519 else Algorithm.RSA, KeyState.NEXT))[-1]
    if as_json:
        screen().json(_numbers(key))
        return
    out, say = screen().out, screen().say
    out(say(N_("Publish this record in the DNS of %(domain)s:"), domain=key.domain))
    out("")
    out(say(N_("Name: %(name)s"), name=key.record_name))
    out(say(N_("Type: TXT")))
    out(say(N_("Value: %(value)s"), value=key.record_value))
    out("")
    out(say(N_("As a line of a zone file:")))
    out(key.zone_line)
    out("")
    out(
        say(
            N_("Once it is seen: mailer keys dkim use %(domain)s %(selector)s"),
            domain=key.domain,
            selector=key.selector,
        )
    )


@app.command()
def use(
    of: _Domain,
    selector: _Selector,
    force: bool = typer.Option(False, "--force", help="Even where the DNS does not show its record."),
    as_json: AsJson = False,
) -> None:
    """Sign with a key from now on; the one before it retires. Its record must stand in the DNS."""
    before = _keys()
    key = find(before, of, selector)
    (record,) = zone.records(settings().dns, [key])
    if (fault := zone.wrong(record, key)) and not force:
        raise RefusedError(N_("%(why)s. To use the key all the same: --force."), why=fault)
    if record is Record.UNASKED:
        screen().remark(N_("MAILER_DNS is off, so nobody was asked whether the record is there."))
    after = _change(used(of, selector))
    former = [key for key in after if key.state is KeyState.RETIRED and _state(before, key) is KeyState.SIGNING]
    if as_json:
        screen().json({"signing": _numbers(find(after, of, selector)), "retired": [_numbers(each) for each in former]})
        return
    screen().out(screen().say(N_("%(name)s signs. Workers take it up within about a minute."), name=key.record_name))
    _tell_retired(former)
    _warn(after)


@app.command()
def retire(of: _Domain, selector: _Selector, as_json: AsJson = False) -> None:
    """Sign with a key no more, with none in its place."""
    after = _change(retired(of, selector))
    key = find(after, of, selector)
    if as_json:
        screen().json(_numbers(key))
        return
    _tell_retired([key])
    _warn(after)


@app.command()
def remove(
    of: _Domain,
    selector: _Selector,
    force: bool = typer.Option(False, "--force", help="Even while its record is still needed."),
    as_json: AsJson = False,
) -> None:
    """Take a key that does not sign out of the key file, for good."""
    key = find(_keys(), of, selector)
    after = _change(_guarded(removed(of, selector, early=force)))
    if as_json:
        screen().json({"removed": key.record_name})
        return
    screen().out(screen().say(N_("Removed. Now delete the record %(name)s from the DNS."), name=key.record_name))
    _warn(after)


def _keys() -> Sequence[DkimKey]:
    chosen = settings()
    return vault.unlock(chosen.key_file, chosen.home).dkim


def _change(step: Step) -> Sequence[DkimKey]:
    chosen = settings()
    return vault.change(chosen.key_file, chosen.home, step).dkim


def _guarded(step: Step) -> Step:
    """A step that may not leave a ring without keys, which under ``auto`` would mean that nothing is signed."""

    def guarded(keys: Sequence[DkimKey]) -> Sequence[DkimKey]:
        left = step(keys)
        if not left and settings().sign == "auto":
            raise RefusedError(
                N_(
                    "This is the last key, and without one mails would leave unsigned:"
                    " make another first, or say that you mean it with MAILER_SIGN=off."
                )
            )
        return left

    return guarded


def _state(keys: Sequence[DkimKey], of: DkimKey) -> KeyState:
    return find(keys, of.domain, of.selector).state


def _numbers(key: DkimKey) -> dict[str, Any]:
    return {
        "domain": key.domain,
        "selector": key.selector,
        "algorithm": key.algorithm,
        "state": key.state,
        "since": key.since and key.since.isoformat(),
        "name": key.record_name,
        "value": key.record_value,
        "zone": key.zone_line,
    }


def _show(key: DkimKey, record: Record) -> None:
    """A key's standing on one line, its record on the next: no table could hold a record."""
    out, say = screen().out, screen().say
    since = key.since.isoformat() if key.since else ""
    out(f"{key.domain}  {key.selector}  {key.algorithm}  {say(_STATES[key.state])} {since}  {say(_RECORDS[record])}")
    out(key.zone_line)
    out("")


def _tell_retired(keys: Sequence[DkimKey]) -> None:
    for key in keys:
        screen().out(
            screen().say(
                N_(
                    "%(name)s is retired. What it has signed is still on its way: leave its record in the DNS"
                    " until %(day)s, then mailer keys dkim remove %(domain)s %(selector)s."
                ),
                name=key.record_name,
                day=needed_until(key),
                domain=key.domain,
                selector=key.selector,
            )
        )


def _warn(keys: Sequence[DkimKey]) -> None:
    """What is lawful and may still not be what is wanted."""
    if settings().sign == "off":
        return
    for of in sorted({key.domain for key in keys}):
        algorithms = {key.algorithm for key in signing(keys, of)}
        if not algorithms:
            screen().remark(N_("No key signs for %(domain)s: campaigns from it do not start."), domain=of)
        elif algorithms == {Algorithm.ED25519}:
            screen().remark(
                N_("Ed25519 alone signs for %(domain)s: many receivers cannot verify it. Use an RSA key beside it."),
                domain=of,
            )
