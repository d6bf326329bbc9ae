"""An edition with the blocks of a template and no word in it yet, for an importer to fill."""

from collections.abc import Mapping, Sequence

from mailer.compose.blocks import FRONT, TYPES
from mailer.compose.data import Data
from mailer.compose.draft import Draft, DraftBlock
from mailer.compose.template import TEMPLATES, Piece
from mailer.model.edition import Fallback

_FRONT = Piece(FRONT)


def skeleton(name: str, slug: str, locales: Sequence[str], data: Mapping[str, Data] | None = None) -> Draft:
    """A draft from the template ``name``, its source the first of ``locales``; ``data`` is for blocks by their keys.

    The template's own blocks must do without data where none is given for them.
    """
    template, given = TEMPLATES[name], data or {}
    blocks = [
        DraftBlock(key=piece.key, type=piece.type, data=given.get(piece.key) or TYPES[piece.type].data())
        for piece in (_FRONT, *template.blocks)
    ]
    return Draft(
        slug=slug,
        kind=template.kind,
        template=name,
        locales=list(locales),
        source_locale=locales[0],
        policy=Fallback.REFUSE,
        layout=template.layout,
        blocks=blocks,
    )
