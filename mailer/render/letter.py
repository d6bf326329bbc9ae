"""The plain-text form of a variant, block by block: full, and as if written by hand."""

from collections.abc import Callable, Iterator, Sequence

from mailer.model import Edition
from mailer.render.layout import CONVERTED, Part, View, sequence
from mailer.render.text import RULE, plain

_BAR = "=" * 40
# What begins a piece of its own, with a rule above it.
_RULED = frozenset(
    [
        "letter",
        "section",
        "stats",
        "list",
        "article_card",
        "digest",
        "article",
        "event",
        "action",
        "donation",
        "share",
        "footer",
    ]
)


def render(edition: Edition, laid_out: Sequence[Part]) -> str:
    """The whole text with its marks, lines ended by LF."""
    paragraphs: list[str] = []
    before = ""
    for part, block in sequence(edition, laid_out):
        if part.above and block is part.blocks[0]:
            paragraphs.append(_BAR)
        paragraphs += _block(part, block, ruled=block.key != before)
        before = block.key
    return "\n\n".join(paragraphs) + "\n"


def _block(part: Part, block: View, *, ruled: bool) -> Iterator[str]:
    """A block's paragraphs. Not ``ruled``: the same in another language stands above it."""
    if ruled and block.type in _RULED:
        yield RULE
    if block.notice:
        yield part.notice(block)
    yield from _BLOCKS[block.type](part, block)


def _masthead(part: Part, block: View) -> Iterator[str]:
    if part.test:
        yield part.tested()
    yield "\n".join(filter(None, [part.name, block.text.get("strapline")]))
    yield f"{part.title}\n{part.reading_time}"
    if part.other and part.jumps:
        yield f"[{part.jump()}]"
    if part.is_automatic:
        yield part.say(CONVERTED)


def _letter(part: Part, block: View) -> Iterator[str]:
    yield part.mark("greeting")
    if headline := block.text.get("headline"):
        yield headline
    yield plain(block.text["body"])
    yield from _alt(block.said("portrait_alt"))
    signature = [block.text[f] for f in ("signature_name", "signature_role", "signature_org") if f in block.text]
    if signature:
        yield "\n".join(signature)


def _section(_: Part, block: View) -> Iterator[str]:
    yield "\n".join(filter(None, [block.text["title"], block.text.get("standfirst")]))
    yield plain(block.text["body"])


def _stats(part: Part, block: View) -> Iterator[str]:
    if block.title:
        yield block.title
    yield "\n".join(f"* {_figure(part, block, figure.id, part.figure(figure))}" for figure in block.data.figures)


def _figure(part: Part, block: View, key: str, value: str) -> str:
    qualifier = plain(block.text.get(f"{key}.qualifier", ""))
    space = "" if part.voice.is_chinese else " "
    unit = block.text.get(f"{key}.unit", "")
    amount = f"{qualifier}{space if qualifier else ''}{value}{space if unit not in {'', '%'} else ''}{unit}"
    return _labelled(part, plain(block.text[key]), amount)


def _share(_: Part, block: View) -> Iterator[str]:
    yield plain(block.text["body"])


def _social(part: Part, block: View) -> Iterator[str]:
    intro = block.text.get("intro") or part.say("Follow us")
    yield "\n".join([intro, *(f"* {link.name} {link.url}" for link in block.data.links)])


def _next_issue(part: Part, block: View) -> Iterator[str]:
    yield part.say("See you in our %(month)s newsletter") % {"month": part.month(block.data)}
    if note := block.text.get("note"):
        yield note


def _signoff(_: Part, block: View) -> Iterator[str]:
    yield "\n".join([block.text["closing"], block.text["name"]])


def _toc(part: Part, block: View) -> Iterator[str]:
    title = block.title or part.say("In this edition")
    yield "\n".join([title, *(f"* {each.title}" for each in part.contents())])


def _jump(part: Part, _: View) -> Iterator[str]:
    if part.other:
        yield f"[{part.jump()}]"


def _list(_: Part, block: View) -> Iterator[str]:
    yield from _given(block, "title", "lead", "items")


def _quote(_: Part, block: View) -> Iterator[str]:
    yield "\n".join(f"> {line}".rstrip() for line in plain(block.text["quote"]).split("\n"))
    yield from _given(block, "who")


def _image(_: Part, block: View) -> Iterator[str]:
    yield from _alt(block.said("alt"))
    yield from _given(block, "caption")
    if block.data.url:
        yield block.data.url


def _card(part: Part, block: View) -> Iterator[str]:
    yield _lines(block.said("kicker"), block.title, block.data.date and part.day(block.data.date))
    yield from _alt(block.said("alt"))
    yield from _given(block, "excerpt")
    yield _labelled(part, part.say("Continue reading"), block.data.url)


def _digest(part: Part, block: View) -> Iterator[str]:
    yield from _given(block, "title", "intro")
    for card in block.data.shown:
        item = _lines(
            block.text[f"{card.id}.title"],
            card.date and part.day(card.date),
            *_alt(block.said(f"{card.id}.alt")),
            plain(block.said(f"{card.id}.excerpt")),
            card.url,
        )
        yield "* " + item.replace("\n", "\n  ").replace("\n  \n", "\n\n")


def _article(part: Part, block: View) -> Iterator[str]:
    yield _lines(*(block.said(name) for name in ("kicker", "title", "series")))
    if by := _lines(block.said("author") and part.author(block), block.said("translator") and part.translator(block)):
        yield by
    yield from _alt(block.said("alt"))
    yield from _given(block, "abstract", "dateline", "body")
    if origin := _lines(part.source(block), block.data.source_url):
        yield origin
    yield from _given(block, "copyright")
    if block.data.licence:
        yield _labelled(part, part.say("Terms for reprinting"), block.data.licence)
    if block.said("ps"):
        yield _labelled(part, part.say("PS"), plain(block.text["ps"]))


def _event(part: Part, block: View) -> Iterator[str]:
    yield _lines(block.title, part.when(block.data), block.text["place"], block.text.get("every"))
    yield from _given(block, "body")
    if block.data.url:
        yield _labelled(part, part.say("More about this event"), block.data.url)


def _action(part: Part, block: View) -> Iterator[str]:
    yield block.title
    yield from _given(block, "body")
    if block.data.deadline:
        yield part.until(block.data.deadline)
    yield _labelled(part, block.text["button"], block.data.url)


def _donation(part: Part, block: View) -> Iterator[str]:
    yield from _given(block, "title", "body")
    if block.data.amounts:
        yield " · ".join(part.sums(block.data))
    yield _labelled(part, block.said("button") or part.say("Donate"), block.data.url)


def _given(block: View, *fields: str) -> Iterator[str]:
    """Those fields that there are, each a paragraph or more."""
    yield from (plain(block.text[name]) for name in fields if name in block.text)


def _alt(words: str) -> Iterator[str]:
    """What stands where a picture would; nothing for an ornament."""
    if words:
        yield f"[{words}]"


def _labelled(part: Part, label: str, value: str) -> str:
    return f"{label}{'：' if part.voice.is_chinese else ': '}{value}"


def _lines(*lines: str | None) -> str:
    """Those lines that there are, one below the other."""
    return "\n".join(filter(None, lines))


def _foot(part: Part, _: View) -> Iterator[str]:
    """Who writes, why, and how to stop it; each edition ends with it."""
    yield f"{part.sender}\n{part.address}"
    yield part.mark("since")
    pages = {
        part.say("Unsubscribe"): part.mark("unsubscribe"),
        part.say("View in your browser"): part.marks.mark("web"),
    }
    yield _lines(*(_labelled(part, name, address) for name, address in pages.items()))


_BLOCKS: dict[str, Callable[[Part, View], Iterator[str]]] = {
    "masthead": _masthead,
    "toc": _toc,
    "language_jump": _jump,
    "letter": _letter,
    "section": _section,
    "list": _list,
    "stats": _stats,
    "pull_quote": _quote,
    "image": _image,
    "article_card": _card,
    "digest": _digest,
    "article": _article,
    "event": _event,
    "action": _action,
    "donation": _donation,
    "share": _share,
    "social": _social,
    "next_issue": _next_issue,
    "signoff": _signoff,
    "footer": _foot,
}
