"""``mailer edition check|acknowledge|review|approve|test``: what an edition goes through before anyone receives it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from mailer import broker, installation, queue
from mailer.campaign import proof
from mailer.campaign.campaign import demand_signed
from mailer.cli.argument import AsJson, InNewsletter, Person, Slug, slug
from mailer.cli.edition import stored
from mailer.cli.edition.finding import demand_none_grave, entry, show
from mailer.cli.edition.folder import opened
from mailer.cli.screen import screen
from mailer.cli.wake import wake
from mailer.compose import acknowledge as acknowledgements
from mailer.compose import edition as editions
from mailer.compose import newsletter as newsletters
from mailer.compose import version
from mailer.compose.account import account
from mailer.compose.check import Finding, linked
from mailer.compose.exchange import since_approval
from mailer.compose.review import review as review_texts
from mailer.compose.source import is_folder
from mailer.config import settings
from mailer.fetch import Fetcher
from mailer.i18n import N_, language_names
from mailer.model import Acknowledgement
from mailer.render.approval import approve as freeze
from mailer.render.preview import demand_ready, everything

_PAGE_SECONDS, _AT_ONCE = 10.0, 8


def check(
    edition: Annotated[str, typer.Argument(parser=slug, metavar="EDITION", help="An edition's slug, or a folder.")],
    newsletter: InNewsletter = None,
    links: Annotated[bool, typer.Option("--links", help="Ask for each page that it links to, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say all that is wrong with an edition; nothing is stored. Exit 1 where it could not be approved."""
    if is_folder(Path(edition)):
        made = opened(Path(edition))
        screen().remark(N_("This is about the folder %(path)s, not about a stored edition."), path=edition)
        passed, found, pages = {}, everything(made), linked(made) if links else []
        slug_ = made.slug
    else:
        with stored.read(edition, newsletter) as (session, kept):
            passed = acknowledgements.acknowledged(session, kept)
            found = everything(kept, editions.logo(session, kept.newsletter))
            pages, slug_ = linked(kept) if links else [], kept.slug
    # Pages take their time, and no database waits for them.
    _report(slug_, passed, [*found, *_unanswered(pages)], as_json=as_json)


def _unanswered(pages: Sequence[tuple[str, Finding]]) -> list[Finding]:
    """What is said of the pages that do not answer; each is asked for once, several at a time."""
    urls = list(dict.fromkeys(url for url, _ in pages))
    fetcher = Fetcher(seconds=_PAGE_SECONDS)
    with screen().waiting(N_("Asking for the pages that it links to …")), ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = dict(zip(urls, pool.map(fetcher.answers, urls), strict=True))
    return [finding for url, finding in pages if not answers[url]]


def _report(slug_: str, passed: Mapping[str, Acknowledgement], found: Sequence[Finding], *, as_json: bool) -> None:
    left = [each for each in found if each.id not in passed]
    rows = [passed[each.id] for each in found if each.id in passed]
    if as_json:
        told = [{"id": row.finding, "fault": row.fault, "by": row.by, "reason": row.reason} for row in rows]
        screen().json({"edition": slug_, "findings": [entry(each) for each in left], "acknowledged": told})
    else:
        show(left)
        for row in rows:
            screen().out(_passed(row))
        if not left:
            screen().out(screen().say(N_("Nothing is wrong with the edition %(slug)s."), slug=slug_))
    demand_none_grave(slug_, left)


def _passed(row: Acknowledgement) -> str:
    values = {"id": row.finding, "fault": row.fault, "name": row.by, "reason": row.reason}
    return screen().say(N_("%(id)s (%(fault)s) was let pass by %(name)s: %(reason)s"), **values)


def acknowledge(
    edition: Slug,
    ids: Annotated[list[str], typer.Argument(parser=slug, metavar="FINDING", help="Their names, as check shows them.")],
    name: Person,
    reason: Annotated[str, typer.Option("--because", parser=slug, help="Why, for the record.")],
    newsletter: InNewsletter = None,
    as_json: AsJson = False,
) -> None:
    """Let findings pass that are no faults, until the texts that they are about change."""
    with stored.change(edition, newsletter, name) as (session, found, by):
        known = everything(found, editions.logo(session, found.newsletter))
        made = acknowledgements.acknowledge(session, found, known, ids, by, reason)
        if as_json:
            screen().json({"edition": edition, "acknowledged": [row.finding for row in made]})
        else:
            for row in made:
                screen().out(_passed(row))


def review(
    edition: Slug,
    name: Person,
    tags: Annotated[list[str], typer.Option("--language", parser=slug, help="Only translations into it.")] = [],  # noqa: B006 — typer copies it
    blocks: Annotated[list[str], typer.Option("--block", parser=slug, help="Only this block.")] = [],  # noqa: B006
    newsletter: InNewsletter = None,
    as_json: AsJson = False,
) -> None:
    """Say that you have read translations against their source; by somebody who did not make them."""
    with stored.change(edition, newsletter, name) as (session, found, by):
        texts = review_texts(session, found, by, tags, blocks)
        count = len(texts)
    if as_json:
        screen().json({"edition": edition, "reviewed": count})
    else:
        screen().out(
            screen().say(N_("%(n)s texts of %(slug)s are reviewed by %(name)s."), n=count, slug=edition, name=by)
        )


def approve(
    edition: Slug,
    name: Person,
    seen: Annotated[
        int | None, typer.Option("--version", min=1, help="The version that you looked at: no later one is approved.")
    ] = None,
    newsletter: InNewsletter = None,
    as_json: AsJson = False,
) -> None:
    """Freeze every variant of an edition, so that it can be sent; by somebody who did not write it."""
    with stored.change(edition, newsletter, name) as (session, found, by):
        if seen:
            version.demand_newest(session, found, seen)
        changes, wrote = since_approval(session, found), version.writers(session, found)
        variants = freeze(session, found, by)
        rows = {variant.mode: variant.hash for variant in variants}
        approval = found.approval
    if as_json:
        told = [each.say(str) for each in changes]
        screen().json({"edition": edition, "approval": approval, "variants": rows, "changes": told})
        return
    if changes:
        screen().out(screen().say(N_("Changed since the last approval:")))
        for each in changes:
            screen().out(f"  {each.say(screen().say)}")
    for mode, hash_ in rows.items():
        screen().out(f"  {hash_[:12]}  {mode}")
    screen().out(screen().say(N_("The edition %(slug)s is approved and frozen."), slug=edition))
    if by in wrote:
        screen().remark(N_("Only one person has an account, so its author approved it: better have two."))


def send_test(
    edition: Slug,
    name: Person,
    address: Annotated[str, typer.Option("--to", help="Any email address.")],
    mode: Annotated[str | None, typer.Option("--mode", parser=slug, help="Such as zh-Hant-HK+en-GB.")] = None,
    newsletter: InNewsletter = None,
    topic: Annotated[str | None, typer.Option("--topic", parser=slug, metavar="SLUG")] = None,
    as_json: AsJson = False,
) -> None:
    """Send a variant to one address, marked as a test, through the workers; it need not be approved."""
    chosen = broker.chosen(settings())
    house = installation.unlock(chosen)
    queue.check(chosen)
    with house.database.write() as session:
        found, by = editions.find(session, edition, newsletter), account(session, name)
        wanted = mode or found.source_locale
        demand_ready(found, wanted)
        # Any topic will do: nobody subscribes to a test.
        of = newsletters.topic(found.newsletter, topic or next((each.slug for each in found.newsletter.topics), None))
        demand_signed(house, found.newsletter)
        number = proof.send(session, house.keys, found, of, wanted, address, by).id
    wake(house)
    if as_json:
        screen().json({"campaign": number, "mode": wanted})
    else:
        values = {"mode": language_names(wanted, screen().language), "id": number}
        line = N_("The test mail (%(mode)s) is on its way: mailer campaign status %(id)s tells how it went.")
        screen().out(screen().say(line, **values))
