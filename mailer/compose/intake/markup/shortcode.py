"""What WordPress writes between tags: page breaks and shortcodes, which mean nothing outside of it."""

import re

from mailer.compose.intake.notes import Notes
from mailer.i18n import N_

_PAGE_BREAK = N_("Marks of a new page inside the text were taken out: %(words)s.")
_SHORTCODE = N_("WordPress shortcodes were left out: %(words)s.")

_NEXT_PAGE = re.compile(r"<!--\s{0,9}nextpage\s{0,9}-->", re.IGNORECASE)
_INSIDE = r"[^\[\]]{0,500}"
_CAPTION = re.compile(rf"\[(/?)(?:wp_)?caption\b{_INSIDE}\]")
_EMBED = re.compile(rf"\[embed\b{_INSIDE}\]{_INSIDE}\[/embed\]")
_OTHER = re.compile(
    rf"\[/?(?:audio|contact-form-7|contact-form|embed|gallery|playlist|video|wpforms|gravityform|mc4wp_form"
    rf"|vc_[a-z_]+|et_pb_[a-z_]+)\b{_INSIDE}\]"
)


def cleared(source: str, notes: Notes) -> str:
    """The same HTML without them; a caption becomes the figure that it stands for."""
    source = _CAPTION.sub(lambda found: f"<{found[1]}figure>", source)
    for pattern, message, instead in (
        (_NEXT_PAGE, _PAGE_BREAK, ""),
        (_EMBED, _SHORTCODE, "\n\n"),
        (_OTHER, _SHORTCODE, ""),
    ):
        for found in pattern.finditer(source):
            notes.add(message, found[0])
        source = pattern.sub(instead, source)
    return source
