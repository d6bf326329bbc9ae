"""The glossary of a newsletter: what is called what in each language, how never, and how in Simplified.

As a file: CSV with the columns en, zh, forbidden, protected, note. ``forbidden``: forms of either
language that are wrong, between semicolons; ``protected``: the term in Simplified Chinese, exactly.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from mailer.chinese import HAN
from mailer.compose.parsed import visible
from mailer.compose.source import bad, text
from mailer.i18n import N_, babel, script
from mailer.model import Term

COLUMNS = ("en", "zh", "forbidden", "protected", "note")
_NEEDED = {"en", "zh"}
_LONGEST = 200


def protected(terms: Iterable[Term]) -> dict[str, str]:
    """What conversion to Simplified Chinese makes of each protected term."""
    return {term.zh: term.hans for term in terms if term.hans}


# As a file


def read(path: Path) -> list[Term]:
    """The terms in a file. Raises InvalidError naming file and line."""
    reader = csv.reader(io.StringIO(text(path)), strict=True)
    terms: list[Term] = []
    try:
        heads = [head.strip().lower() for head in next(reader, [])]
        if not _NEEDED <= set(heads) <= set(COLUMNS) or len(set(heads)) < len(heads):
            raise bad(path, 1, N_("the first line must name the columns %(columns)s"), columns=", ".join(COLUMNS))
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                if len(cells) != len(heads):
                    why = N_("there are %(found)s columns, where %(named)s are named")
                    raise bad(path, reader.line_num, why, found=len(cells), named=len(heads))
                terms.append(_term(path, reader.line_num, dict(zip(heads, cells, strict=True)), terms))
    except csv.Error as error:
        raise bad(path, reader.line_num, N_("this is not CSV (%(problem)s)"), problem=error) from None
    return terms


def _term(path: Path, line: int, cells: Mapping[str, str], before: Sequence[Term]) -> Term:
    """One row as a term, or what is wrong with it."""
    forbidden = [form for form in re.split(r"\s*[;；]\s*", cells.get("forbidden", "")) if form]
    term = Term(en=cells["en"], zh=cells["zh"], forbidden=forbidden, hans=cells.get("protected") or None)
    term.note = cells.get("note", "")
    if not term.en and not term.zh:
        raise bad(path, line, N_("a term needs a form in en or zh"))
    if term.hans and not term.zh:
        raise bad(path, line, N_("a protected form needs the term in zh that it stands for"))
    if {term.en, term.zh} & set(forbidden):
        raise bad(path, line, N_("a form is wanted and forbidden at once"))
    if any(term.zh and term.zh == other.zh and term.hans != other.hans for other in before):
        raise bad(path, line, N_("%(term)s stands here twice, with another protected form"), term=term.zh)
    if any(term.en == other.en and term.zh == other.zh for other in before):
        raise bad(path, line, N_("this term stands here twice"))
    if any(len(cell) > _LONGEST or "\n" in cell for cell in cells.values()):
        raise bad(path, line, N_("a form or note is one line of at most %(most)s characters"), most=_LONGEST)
    return term


def written(terms: Iterable[Term]) -> bytes:
    """Terms as a file that ``read`` takes, and spreadsheets too: they know UTF-8 by its byte-order mark."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([term.en, term.zh, "; ".join(term.forbidden), term.hans or "", term.note] for term in terms)
    return file.getvalue().encode("utf-8-sig")


# As a check


def wrong_forms(terms: Sequence[Term], fields: Mapping[str, str], tag: str) -> Iterator[tuple[str, str, str]]:
    """Each forbidden form in a text of the language ``tag``: (field, form, what the glossary wants)."""
    known = _forms(terms, tag)
    wrong = {form: wanted for term in terms if (wanted := _wanted(term, tag)) for form in term.forbidden}
    if not known or not wrong:
        return
    for name, field in fields.items():
        # What is right may hold what is wrong, and is looked for with it: the longer one is meant.
        found = _found([*known, *wrong], visible(field))
        yield from ((name, form, wrong[form]) for form in found if form in wrong)


def lost_terms(
    terms: Sequence[Term], source: Mapping[str, str], source_tag: str, fields: Mapping[str, str], tag: str
) -> Iterator[tuple[str, str]]:
    """Each term of a source whose counterpart a translation lacks: (the term, its counterpart)."""
    here, there = _forms(terms, source_tag), _forms(terms, tag)
    if not here or not there:
        return
    spoken = _found(list(here), _all(source))
    translated = _found(list(there), _all(fields))
    for form in spoken:
        counterparts = [_wanted(term, tag) for term in here[form] if _wanted(term, tag)]
        if counterparts and translated.keys().isdisjoint(counterparts):
            yield form, counterparts[0]


def _wanted(term: Term, tag: str) -> str:
    """A term's form in a language; empty where the glossary has none."""
    if script(tag) == "Hant":
        return term.zh
    return term.en if babel(tag).language == "en" else ""


def _forms(terms: Sequence[Term], tag: str) -> dict[str, list[Term]]:
    forms: dict[str, list[Term]] = {}
    for term in terms:
        if form := _wanted(term, tag):
            forms.setdefault(form, []).append(term)
    return forms


def _all(fields: Mapping[str, str]) -> str:
    return "\n".join(map(visible, fields.values()))


def _found(forms: Sequence[str], text: str) -> dict[str, None]:
    """Which forms a text holds, in order, the longest where several begin at one place; as given, however cased."""
    known = {form.casefold(): form for form in forms}
    met = (known.get(" ".join(found[1].casefold().split())) for found in _pattern(tuple(forms)).finditer(text))
    return dict.fromkeys(form for form in met if form)


_LETTER = rf"[^\W{HAN}]"


@lru_cache(maxsize=64)
def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    """Any of these forms; a Latin one as a word of its own, perhaps in the plural or the genitive."""
    longest_first = sorted(forms, key=len, reverse=True)
    written = "|".join(r"\s+".join(map(re.escape, form.split())) for form in longest_first)
    begins, ends = (
        rf"(?<!{_LETTER})(?={_LETTER})|(?!{_LETTER})",
        rf"(?<={_LETTER})(?:s|es|['’]s?)?(?!{_LETTER})|(?<!{_LETTER})",
    )
    return re.compile(rf"(?:{begins})({written})(?:{ends})", re.IGNORECASE)
