"""``mailer edition import|export``: editions in and out, as folders, archives, PO files, and from elsewhere."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from mailer import installation
from mailer.cli.argument import AsJson, InNewsletter, Person, Slug, new_slug, slug
from mailer.cli.edition import stored
from mailer.cli.edition import version as versions
from mailer.cli.screen import screen
from mailer.compose import draft as drafts
from mailer.compose import edition as editions
from mailer.compose import exchange, folder, po
from mailer.compose import export as out
from mailer.compose import newsletter as newsletters
from mailer.compose import version as kept
from mailer.compose.account import account
from mailer.compose.archive import unpacked
from mailer.compose.draft import Draft, DraftBlock
from mailer.compose.exchange import MovedError
from mailer.compose.intake.given import Given, Kind, given
from mailer.compose.intake.importer import Wish, propose
from mailer.compose.intake.proposal import Oddity
from mailer.compose.intake.wordpress import selection
from mailer.config import settings
from mailer.errors import WrongUsageError
from mailer.fetch import Fetcher
from mailer.i18n import N_, self_name
from mailer.installation import Installation
from mailer.model import Newsletter

_OWN = {Kind.FOLDER, Kind.ARCHIVE, Kind.PO}
"""What comes from an edition of ours, and is taken without asking: any version can be had again."""
_SHOWN, _TITLE = 60, 300


@dataclass(frozen=True, slots=True)
class _Intake:
    """What is about to be stored, and what a person should look at before."""

    draft: Draft
    odd: Sequence[Oddity] = ()


def import_(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A folder, its .zip, a translator's .po; or a feed, a WordPress export, a page, a text: a file or"
            " https:// address, behind TAG= where its language is to be told. Several feeds are joined.",
        ),
    ],
    *,
    name: Person,
    kind: Annotated[Kind | None, typer.Option("--kind", help="What it is, where its look misleads.")] = None,
    called: Annotated[str | None, typer.Option("--slug", parser=new_slug, help="The new edition's slug.")] = None,
    newsletter: InNewsletter = None,
    since: Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Posts from then on.")] = None,
    posts: Annotated[list[int], typer.Option("--post", help="The number of a post of a WordPress export.")] = [],  # noqa: B006 — typer copies it
    pictures: Annotated[bool, typer.Option("--pictures", help="Fetch pictures, too.")] = False,
    into: Annotated[Path | None, typer.Option("--into", help="Write a folder to work on; store nothing.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Whatever others changed meanwhile.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Store it without being asked.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take an edition in. What comes from elsewhere is shown first, and stored once you say so."""
    house = installation.unlock(settings())
    fetcher = Fetcher()
    with screen().waiting(N_("Reading …")):
        handed = [given(word, fetcher.fetch, kind) for word in sources]
    own = handed[0].kind in _OWN
    if handed[0].kind is Kind.WORDPRESS and not posts and not since:
        _list(handed[0], as_json=as_json)
        return
    with house.database.read() as session:
        published, by = newsletters.find(session, newsletter), account(session, name)
        wish = Wish(
            slug=called,
            zone=published.zone,
            known=editions.digested(session, published),
            since=since.date() if since else None,
            posts=posts,
            fetch=(lambda url: fetcher.fetch(url).body) if pictures else None,
        )
    # Fetching takes its time, and no database waits for it.
    with screen().waiting(N_("Reading …")):
        taken = _own(house, handed, newsletter, called, by) if own else _foreign(handed, wish)
    if not as_json and not own:
        _preview(taken)
    if into:
        out.write(into, out.files(taken.draft, based=False))
        _tell(taken, as_json=as_json, folder=str(into))
    elif own or yes or _asked(as_json=as_json):
        with house.database.write() as session:
            made, is_new = _store(session, newsletters.find(session, newsletter), taken.draft, by, replace, as_json)
        if own and not as_json:
            _odd(taken)
        _tell(taken, as_json=as_json, version=made, changed=is_new)
    else:
        _tell(taken, as_json=as_json)


def _foreign(handed: Sequence[Given], wish: Wish) -> _Intake:
    found = propose(handed, wish)
    return _Intake(found.draft, found.odd)


def _own(house: Installation, handed: Sequence[Given], newsletter: str | None, called: str | None, by: str) -> _Intake:
    if len(handed) > 1:
        raise WrongUsageError(N_("Take in one folder, archive or PO file at a time."))
    first = handed[0]
    path = first.file()
    if first.kind is Kind.PO:
        with house.database.read() as session:
            back = po.taken(path, editions.find(session, po.edition_of(path), newsletter), by)
        moved = N_("Its source is not the one in the file, so its translation is out of date.")
        return _Intake(back.draft, [Oddity(moved, {}, key) for key in back.moved])
    with unpacked(path) if first.kind is Kind.ARCHIVE else nullcontext(path) as place:
        read = folder.read(place)
    return _Intake(read.model_copy(update={"slug": called}) if called else read)


def _store(
    session: Session, newsletter: Newsletter, draft: Draft, by: str, replace: bool, as_json: bool
) -> tuple[int, bool]:
    """The number of the version that the edition now has, and whether it is new; what becomes different is shown."""
    try:
        taking = exchange.weigh(session, newsletter, draft, by, replace=replace)
    except MovedError as error:
        if not as_json:
            versions.show(error.differences)
        raise
    if not as_json:
        versions.show(taking.differences)
        for tag, key in taking.retold:
            line = N_(
                "The translation of %(block)s into %(language)s has other words: it counts as brought up to date."
            )
            screen().out(screen().say(line, block=key, language=self_name(tag)))
    before = kept.newest(session, taking.edition) if taking.edition else None
    number = exchange.carry_out(session, newsletter, draft, by, taking)[1].number
    return number, before is None or before.number != number


def _asked(*, as_json: bool) -> bool:
    """Whether the person at the terminal wants it stored; nobody is asked where none is."""
    return not as_json and screen().attended() and typer.confirm(screen().say(N_("Store this?")))


def _tell(
    taken: _Intake, *, as_json: bool, version: int | None = None, changed: bool = True, folder: str | None = None
) -> None:
    draft = taken.draft
    if as_json:
        blocks = [{"id": block.key, "type": block.type, "languages": list(block.texts)} for block in draft.blocks]
        odd = [{"block": each.block, "message": each.say(screen().say)} for each in taken.odd]
        told: dict[str, Any] = {"edition": draft.slug, "languages": draft.locales, "blocks": blocks, "odd": odd}
        screen().json(told | {"version": version, "folder": folder})
        return
    if version is not None:
        stored_as = N_("The edition %(slug)s is stored, as version %(number)s.")
        line = stored_as if changed else N_("Nothing has changed: the edition %(slug)s stays at version %(number)s.")
        screen().out(screen().say(line, slug=draft.slug, number=version))
    elif folder is not None:
        screen().out(screen().say(N_("The edition %(slug)s is in %(path)s."), slug=draft.slug, path=folder))
    else:
        screen().remark(N_("Nothing was stored: --yes stores it, --into FOLDER writes it as a folder to work on."))


def _list(export: Given, *, as_json: bool) -> None:
    """What a WordPress export has to choose from."""
    with screen().waiting(N_("Reading …")):
        # Of so many posts no more is held than is shown.
        found = [
            (each.id, str(each.day or ""), each.language, each.title[:_TITLE])
            for each in selection.posts(export.file())
        ]
    if as_json:
        told = [dict(zip(("post", "day", "language", "title"), each, strict=True)) for each in found]
        screen().json({"posts": told})
        return
    say = screen().say
    table = Table(say(N_("Number")), say(N_("Date")), say(N_("Language")), say(N_("Title")), header_style="bold")
    for number, day, tag, title in found:
        table.add_row(str(number), day or "–", self_name(tag), title)
    screen().results.print(table)
    screen().remark(N_("Nothing was stored: choose posts with --post NUMBER or --since YYYY-MM-DD."))


def _preview(taken: _Intake) -> None:
    """What was understood, block by block, and what looked odd."""
    say, draft = screen().say, taken.draft
    table = Table(say(N_("Block")), *(self_name(tag) for tag in draft.locales), header_style="bold")
    for block in draft.blocks:
        if block.texts:
            table.add_row(f"{block.key} ({block.type})", *(_words(block, tag) for tag in draft.locales))
    screen().out(say(N_("Understood as %(template)s, %(slug)s:"), template=draft.template, slug=draft.slug))
    screen().results.print(table)
    _odd(taken)


def _odd(taken: _Intake) -> None:
    say = screen().say
    for each in taken.odd:
        says = each.say(say)
        what = say(N_("%(name)s: %(says)s"), name=each.block, says=says) if each.block else says
        screen().out(say(N_("Odd: %(what)s"), what=what))


def _words(block: DraftBlock, tag: str) -> str:
    """The beginning of each field."""
    fields = block.texts.get(tag, {})
    lines = (f"{name}: {' '.join(text.split())}" for name, text in fields.items())
    return "\n".join(f"{line[:_SHOWN]}…" if len(line) > _SHOWN else line for line in lines) or "–"


def export(
    edition: Slug,
    place: Annotated[
        Path, typer.Argument(metavar="PLACE", help="A new folder, NAME.zip, or NAME.po for a translator.")
    ],
    tag: Annotated[str | None, typer.Option("--language", parser=slug, help="Which language a PO file is for.")] = None,
    newsletter: InNewsletter = None,
    as_json: AsJson = False,
) -> None:
    """Write an edition out; what comes back by import loses nothing."""
    with stored.read(edition, newsletter) as (_, found):
        suffix = place.suffix.lower()
        if tag and suffix != ".po":
            raise WrongUsageError(N_("--language is for PO files: a folder or archive holds every language."))
        if suffix == ".po":
            tags = [each for each in found.locales if each != found.source_locale]
            if tag is None and len(tags) != 1:
                raise WrongUsageError(N_("Name the language with --language: %(tags)s."), tags=", ".join(tags) or "–")
            out.write_file(place, po.written(found, tag or tags[0]))
        else:
            files = out.files(drafts.of(found), found.newsletter.terms)
            if suffix == ".zip":
                out.write_file(place, out.archive(files))
            else:
                out.write(place, files)
    if as_json:
        screen().json({"edition": edition, "place": str(place)})
    else:
        screen().out(screen().say(N_("The edition %(slug)s is in %(path)s."), slug=edition, path=place))
