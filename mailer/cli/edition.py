"""``mailer edition …``: folders to write an edition in, and what it will look like."""

from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from mailer.cli.screen import screen, show_help
from mailer.compose import glossary, template
from mailer.compose.check import Severity, findings
from mailer.compose.edition import build
from mailer.compose.folder import read
from mailer.errors import RefusedError, WrongUsageError
from mailer.i18n import N_, ZH, languages, self_name
from mailer.model import Edition
from mailer.render.preview import Preview, preview, ready, stand_in

app = typer.Typer(
    help="Editions: the content of one issue, as a folder of files.", invoke_without_command=True, rich_markup_mode=None
)

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}
_JSON = typer.Option(False, "--json", help="Print one JSON object instead of lines for people.")

app.callback()(show_help)


@app.command()
def new(
    name: str = typer.Argument(metavar="TEMPLATE", help=f"One of {template.NAMES}."),
    folder: Path = typer.Argument(help="Where to write it: an empty or a new folder."),
    tags: str = typer.Option(f"{ZH},en-GB", "--languages", help="Its languages, the one you write in first."),
    slug: str | None = typer.Option(None, "--slug", help="Its short name. [default: the folder's]"),
    as_json: bool = _JSON,
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


@app.command()
def render(
    folder: Path = typer.Argument(help="The folder with the edition."),
    mode: list[str] = typer.Option([], "--mode", help="Only these languages, such as zh-Hant-HK+en-GB. [default: all]"),
    out: Path | None = typer.Option(None, "--out", help="Where to put it. [default: rendered, in the folder]"),
    as_json: bool = _JSON,
) -> None:
    """Show what an edition will look like, and what is wrong with it; nothing is stored."""
    edition = _read(folder)
    place = out or folder / "rendered"
    wanted = _wanted(edition, mode)
    shown = [preview(edition, each, lambda hash_: f"images/{_names(edition)[hash_]}") for each in wanted]
    _write(place, edition, shown)
    found = _found(edition, shown)
    if as_json:
        screen().json({"edition": edition.slug, "variants": [_entry(place, each) for each in shown], "findings": found})
    else:
        _print(place, shown, found)
    if any(each["severity"] == Severity.ERROR for each in found):
        raise RefusedError(N_("The edition %(slug)s cannot be approved as it is."), slug=edition.slug)


def _read(folder: Path) -> Edition:
    draft = read(folder)
    terms = folder / "glossary.csv"
    return build(stand_in(draft, glossary.read(terms) if terms.exists() else []), draft, "")


def _wanted(edition: Edition, asked: list[str]) -> list[str]:
    """The modes to render."""
    offered = ready(edition)
    for mode in asked:
        if mode not in offered:
            raise WrongUsageError(
                N_("This edition cannot be rendered in %(mode)s; it can be in: %(modes)s."),
                mode=mode,
                modes=", ".join(offered) or "–",
            )
    return list(dict.fromkeys(asked)) or offered


def _names(edition: Edition) -> dict[str, str]:
    """What each picture's file is called, by the picture's hash."""
    return {held.image.hash: f"{held.image.hash[:16]}.{_ENDINGS[held.image.media_type]}" for held in edition.images}


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


def _found(edition: Edition, shown: list[Preview]) -> list[dict[str, Any]]:
    """All that is wrong, with the texts and with the variants."""
    found = [*findings(edition), *(each for variant in shown for each in variant.findings)]
    return [
        {
            "id": each.id,
            "severity": each.severity.value,
            "fault": each.fault.value,
            "block": each.block,
            "field": each.field,
            "language": each.locale,
            "acknowledgeable": each.acknowledgeable,
            "message": each.say(screen().say),
        }
        for each in found
    ]


def _entry(place: Path, shown: Preview) -> dict[str, Any]:
    files = {ending: str(_path(place, shown, ending)) for ending in ("html", "txt", "eml")}
    octets = {"html_octets": shown.weight.html, "message_octets": shown.weight.message}
    return {"mode": shown.mode, "subject": shown.subject, **files, **octets}


def _print(place: Path, shown: list[Preview], found: list[dict[str, Any]]) -> None:
    say = screen().say
    table = Table(say(N_("Variant")), say(N_("File")), "HTML", say(N_("Whole mail")), header_style="bold")
    for each in shown:
        name = " + ".join(self_name(tag) for tag in languages(each.mode))
        weights = (f"{octets / 1000:.1f} KB" for octets in (each.weight.html, each.weight.message))
        table.add_row(name, f"{each.mode}.html", *weights)
    if shown:
        screen().results.print(table)
        screen().out(say(N_("All is in %(path)s, with the plain text and the mail beside each."), path=place))
    lines = {Severity.ERROR.value: N_("Error: %(what)s"), Severity.WARNING.value: N_("Warning: %(what)s")}
    for finding in sorted(found, key=lambda finding: finding["severity"]):
        line = lines[finding["severity"]]
        screen().out(say(line, what=finding["message"]))
