"""A plain text, or one in Markdown, as a letter: with a section for each heading, where it has any."""

import re
from collections.abc import Iterator, Sequence

from mailer.characters import sift
from mailer.chinese import is_chinese
from mailer.compose.draft import DraftBlock
from mailer.compose.intake import drafts
from mailer.compose.intake.markup.writer import note_typing
from mailer.compose.intake.notes import Notes
from mailer.compose.intake.octets import decoded
from mailer.compose.intake.proposal import Proposal
from mailer.compose.intake.text.outline import Outline, Section, outline
from mailer.compose.intake.text.written import written
from mailer.compose.intake.tongue import tongue
from mailer.errors import InvalidError
from mailer.i18n import N_

_CHARACTERS = N_("Characters that nobody could read were left out of these lines: %(words)s.")
_UNTITLED = N_("There is no line that looks like a title: write one.")

_MOST_OCTETS = 250_000
"""Far more than a mail may hold."""
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_GOING_ON = ",，、 "


def propose(raw: bytes, name: str = "", *, tag: str | None = None, markdown: bool = False) -> Proposal:
    """A letter from the octets of a text in UTF-8, or in UTF-16 that says so.

    ``name`` is what its file is called, ``tag`` its language where that is not to be told by its script. With
    ``markdown`` it is taken as it stands, and only its headings are looked for. Raises InvalidError for another
    encoding, or no text, or too much of it.
    """
    if len(raw) > _MOST_OCTETS:
        raise InvalidError(N_("The text is far longer than any for a mail: take only the part that is to be read."))
    notes = Notes()
    text = _legible(decoded(raw), notes)
    if not text.strip():
        raise InvalidError(N_("There is no text in it."))
    note_typing(text, notes)
    found = _marked(text) if markdown else outline(text, notes)
    if not found.title:
        notes.add(_UNTITLED)
    language = tag or tongue("", text)
    blocks = list(_blocks(found, language, notes, markdown=markdown))
    draft = drafts.draft(drafts.slug(name, found.title), "plain-letter", {language: found.title}, blocks)
    return Proposal(draft, notes.oddities())


def _legible(text: str, notes: Notes) -> str:
    lines = []
    for line in text.splitlines():
        legible, wrong = sift(line)
        if wrong:
            notes.add(_CHARACTERS, legible)
        lines.append(legible)
    return "\n".join(lines)


def _blocks(found: Outline, language: str, notes: Notes, *, markdown: bool) -> Iterator[DraftBlock]:
    """The blocks of a letter, with its texts in one language."""

    def body(section: Section) -> str:
        lines = (line for paragraph in section.paragraphs for line in paragraph)
        return "\n".join(lines).strip("\n") if markdown else written(section.paragraphs, notes)

    whole = not found.sections
    signed = found.signature or (found.names if whole else ())
    closing = [found.closing] if whole and found.closing else []
    letter = {
        "headline": found.headline,
        "body": "\n\n".join(filter(None, [body(found.letter), *closing])),
        **dict(zip(("signature_name", "signature_role", "signature_org"), _bare(signed), strict=False)),
    }
    yield drafts.block("letter", "letter", {}, {language: letter})
    for number, section in enumerate(found.sections, 1):
        texts = {"title": section.title, "standfirst": section.standfirst, "body": body(section)}
        yield drafts.block(f"section-{number}", "section", {}, {language: texts})
    if found.names and not whole:
        comma = "，" if is_chinese(language) else ", "
        said = {"closing": found.closing, "name": comma.join(_bare(found.names))}
        yield drafts.block("signoff", "signoff", {}, {language: said})


def _bare(lines: Sequence[str]) -> list[str]:
    """Lines of a signature, without what leads from one to the next."""
    return [line.rstrip(_GOING_ON) for line in lines]


def _marked(text: str) -> Outline:
    """A text in Markdown, taken apart at its headings: the first is its title where it begins with it."""
    found, fenced = Outline(), False
    for line in text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.fullmatch(line)
        if heading is None:
            (found.sections[-1] if found.sections else found.letter).paragraphs.append([line])
        elif not found.title and not found.sections and not any(map("".join, found.letter.paragraphs)):
            found.title = heading[2]
        else:
            found.sections.append(Section(heading[2]))
    return found
