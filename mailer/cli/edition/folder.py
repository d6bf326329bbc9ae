"""``mailer edition new|render``: folders to write an edition in, and what it will look like."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from mailer.cli.argument import AsJson
from mailer.cli.edition.finding import demand_none_grave, show
from mailer.cli.edition.finding import entry as finding_entry
from mailer.cli.screen import screen
from mailer.compose import glossary, template
from mailer.compose.check import Finding, findings
from mailer.compose.edition import build
from mailer.compose.folder import read
from mailer.errors import RefusedError
from mailer.i18n import N_, ZH, languages, self_name
from mailer.model import Edition
from mailer.model.edition import ENDINGS
from mailer.render.preview import Preview, demand_ready, preview, ready, stand_in


def new(
    name: str = typer.Argument(metavar="TEMPLATE", help=f"One of {template.NAMES}."),
    folder: Path = typer.Argument(help="Where to write it: an empty or a new folder."),
    tags: str = typer.Option(f"{ZH},en-GB", "--languages", help="Its languages, the one you write in first."),
    slug: str | None = typer.Option(None, "--slug", help="Its short name. [default: the folder's]"),
    as_json: AsJson = False,
) -> None:
    """Write an edition to fill in."""
    wanted = [tag.strip() for tag in tags.split(",")]
    written = template.create(name, folder, wanted, slug, screen().say)
    if as_json:
        screen().json({"folder": str(folder), "files": [str(path) for path in written.values()]})
        return
    for path in written.values():
        screen().out(str(path))
    screen().remark(N_("Fill these in, then see what it looks like: mailer edition render %(path)s"), path=folder)


def render(
    folder: Path = typer.Argument(help="The folder with the edition."),
    mode: list[str] = typer.Option([], "--mode", help="Only these languages, such as zh-Hant-HK+en-GB. [default: all]"),
    out: Path | None = typer.Option(None, "--out", help="Where to put it. [default: rendered, in the folder]"),
    as_json: AsJson = False,
) -> None:
    """Show what an edition will look like, and what is wrong with it; nothing is stored."""
    edition = opened(folder)
    place = out or folder / "rendered"
    wanted = _wanted(edition, mode)
    shown = [preview(edition, each, lambda hash_: f"images/{_names(edition)[hash_]}") for each in wanted]
    _write(place, edition, shown)
    found = [*findings(edition), *(each for variant in shown for each in variant.findings)]
    if as_json:
        screen().json(
            {
                "edition": edition.slug,
                "variants": [_entry(place, each) for each in shown],
                "findings": [finding_entry(each) for each in found],
            }
        )
    else:
        _print(place, shown, found)
    demand_none_grave(edition.slug, found)


def opened(folder: Path) -> Edition:
    """The edition in a folder, of a newsletter that stands in for its own."""
    draft = read(folder)
    terms = folder / "glossary.csv"
    return build(stand_in(draft, glossary.read(terms) if terms.exists() else []), draft, "")


def _wanted(edition: Edition, asked: list[str]) -> list[str]:
    """The modes to render."""
    offered = ready(edition)
    for mode in asked:
        demand_ready(edition, mode)
    return list(dict.fromkeys(asked)) or offered


def _names(edition: Edition) -> dict[str, str]:
    """What each picture's file is called, by the picture's hash."""
    return {held.image.hash: f"{held.image.hash[:16]}.{ENDINGS[held.image.media_type]}" for held in edition.images}


def _write(place: Path, edition: Edition, shown: list[Preview]) -> None:
    try:
        (place / "images").mkdir(parents=True, exist_ok=True)
        for held in edition.images:
            (place / "images" / _names(edition)[held.image.hash]).write_bytes(held.image.content)
        for each in shown:
            _path(place, each, "html").write_text(each.html, encoding="utf-8")
            _path(place, each, "txt").write_text(each.text, encoding="utf-8")
            _path(place, each, "eml").write_bytes(each.message)
    except OSError as error:
        raise RefusedError(N_("%(path)s cannot be written: %(why)s."), path=place, why=error.strerror) from None


def _path(place: Path, shown: Preview, ending: str) -> Path:
    return place / f"{shown.mode}.{ending}"


def _entry(place: Path, shown: Preview) -> dict[str, Any]:
    files = {ending: str(_path(place, shown, ending)) for ending in ("html", "txt", "eml")}
    octets = {"html_octets": shown.weight.html, "message_octets": shown.weight.message}
    return {"mode": shown.mode, "subject": shown.subject, **files, **octets}


def _print(place: Path, shown: list[Preview], found: Sequence[Finding]) -> None:
    say = screen().say
    table = Table(say(N_("Variant")), say(N_("File")), "HTML", say(N_("Whole mail")), header_style="bold")
    for each in shown:
        name = " + ".join(self_name(tag) for tag in languages(each.mode))
        weights = (f"{octets / 1000:.1f} KB" for octets in (each.weight.html, each.weight.message))
        table.add_row(name, f"{each.mode}.html", *weights)
    if shown:
        screen().results.print(table)
        screen().out(say(N_("All is in %(path)s, with the plain text and the mail beside each."), path=place))
    show(found)
