"""A voice: the language of a run of text, and how that language is set."""

from dataclasses import dataclass

from markupsafe import Markup, escape

from mailer import chinese
from mailer.i18n import interface, match, script, translator
from mailer.render.han import name_han, upright


@dataclass(frozen=True, slots=True)
class Voice:
    """A language; ``han`` is the Chinese that Han inside another language is named as."""

    tag: str
    han: str

    @property
    def is_chinese(self) -> bool:
        """Whether it is written in Han."""
        return chinese.is_chinese(self.tag)

    @property
    def is_simplified(self) -> bool:
        """Whether it is set in the glyphs of Simplified Chinese."""
        return script(self.tag) == "Hans"

    def runs(self, html: Markup) -> Markup:
        """Words in it: Han upright, and named as Chinese where the language is not."""
        return upright(html) if self.is_chinese else name_han(html, self.han)

    def spoken(self, words: str, reader: str) -> Markup:
        """Interface words for a reader of the language ``reader``, standing among words in this voice."""
        spoken = interface(reader)
        if interface(self.tag) == spoken and match(self.tag, [spoken]):
            return escape(words)
        return Markup('<span lang="{}">{}</span>').format(spoken, words)

    def value(self, value: str, reader: str) -> Markup:
        """A day, time or sum as the language ``reader`` writes it, among words in this voice."""
        return escape(value) if reader == self.tag else Markup('<span lang="{}">{}</span>').format(reader, value)

    def word(self, message: str, reader: str) -> Markup:
        """An interface word for a reader of ``reader``, named where it is in another language than this voice."""
        return self.spoken(translator(reader)(message), reader)
