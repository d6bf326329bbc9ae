"""The plain-text form of a variant, block by block."""

from collections.abc import Callable, Iterator

from mailer.compose.blocks import Figures, Links
from mailer.model import Edition
from mailer.render.holes import Marks
from mailer.render.layout import Part, View, parts
from mailer.render.text import RULE, plain

_BAR = "=" * 40


def render(edition: Edition, mode: str, marks: Marks) -> str:
    """The whole text with its marks, lines ended by LF."""
    pieces = [_part(part, marks) for part in parts(edition, mode, marks)]
    return f"\n\n{_BAR}\n\n".join(pieces) + "\n"


def _part(part: Part, marks: Marks) -> str:
    paragraphs: list[str] = []
    for block in part.blocks:
        paragraphs += _BLOCKS[block.type](part, block)
    paragraphs += _foot(part, marks)
    return "\n\n".join(paragraphs)


def _masthead(part: Part, block: View) -> Iterator[str]:
    yield "\n".join(filter(None, [part.name, block.text.get("strapline")]))
    yield f"{part.title}\n{part.reading_time}"
    if part.other:
        yield f"[{part.jump()}]"
    yield RULE


def _letter(part: Part, block: View) -> Iterator[str]:
    yield part.mark("greeting")
    if headline := block.text.get("headline"):
        yield headline
    yield plain(block.text["body"])
    signature = [block.text[f] for f in ("signature_name", "signature_role", "signature_org") if f in block.text]
    if signature:
        yield "\n".join(signature)


def _section(_: Part, block: View) -> Iterator[str]:
    yield RULE
    yield "\n".join(filter(None, [block.text["title"], block.text.get("standfirst")]))
    yield plain(block.text["body"])


def _stats(part: Part, block: View) -> Iterator[str]:
    assert isinstance(block.data, Figures)
    yield RULE
    yield "\n".join(f"* {_figure(part, block, figure.id, part.figure(figure))}" for figure in block.data.figures)


def _figure(part: Part, block: View, key: str, value: str) -> str:
    qualifier = plain(block.text.get(f"{key}.qualifier", ""))
    joint = "" if part.is_chinese or not qualifier else " "
    return f"{plain(block.text[key])}{_colon(part)}{qualifier}{joint}{value}"


def _colon(part: Part) -> str:
    return "：" if part.is_chinese else ": "


def _share(_: Part, block: View) -> Iterator[str]:
    yield RULE
    yield plain(block.text["body"])


def _social(part: Part, block: View) -> Iterator[str]:
    assert isinstance(block.data, Links)
    intro = block.text.get("intro") or part.say("Follow us")
    yield "\n".join([intro, *(f"* {link.name} {link.url}" for link in block.data.links)])


def _next_issue(part: Part, block: View) -> Iterator[str]:
    yield part.say("See you in our %(month)s newsletter") % {"month": part.month(block.data)}
    if note := block.text.get("note"):
        yield note


def _signoff(_: Part, block: View) -> Iterator[str]:
    yield "\n".join([block.text["closing"], block.text["name"]])


def _nothing(_: Part, __: View) -> Iterator[str]:
    yield from ()


def _foot(part: Part, marks: Marks) -> Iterator[str]:
    """Who writes, why, and how to stop it; each edition ends with it."""
    yield RULE
    yield part.mark("since")
    pages = {part.say("Unsubscribe"): part.mark("unsubscribe"), part.say("View in your browser"): marks.mark("web")}
    yield "\n".join(f"{name}{_colon(part)}{address}" for name, address in pages.items())
    yield "\n".join([str(part.newsletter.sender_name[part.tag]), str(part.newsletter.postal_address[part.tag])])


_BLOCKS: dict[str, Callable[[Part, View], Iterator[str]]] = {
    "masthead": _masthead,
    "letter": _letter,
    "stats": _stats,
    "section": _section,
    "share": _share,
    "social": _social,
    "next_issue": _next_issue,
    "signoff": _signoff,
    "footer": _nothing,
}
