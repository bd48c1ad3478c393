"""The annotator's name: as it is counted, so that no two that look alike are two people.

The page holds the same rules (`components/preference/page/name.js`).
"""

import re
import unicodedata

from components.errors import quoted
from components.files.text_file import odd_character

LONGEST_NAME = 100

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode 16.0's Default_Ignorable_Code_Point, line separators and the interlinear marks."""

_SIGN = "\u2605"
_EMOJI = re.compile(
    f"{_SIGN}(?:[\ufe0e\ufe0f]|[\U000e0020-\U000e007f]+)?(?:\u200d(?={_SIGN}))?|[0-9#*]\ufe0f\u20e3"
)
"""A sign (each is `_SIGN` here) with what makes it an emoji, joined to the next; and a keycap."""


def annotator_name(text: str) -> str:
    """The annotator's name in a text, as it is counted; raises ValueError where it is none."""
    if odd := odd_character(text):
        raise ValueError(f"`annotator` has the character {odd}")
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise ValueError("it has no annotator's name")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the annotator's name {quoted(name)} is too long")
    if "/" in name or "\\" in name or name.startswith(".."):
        raise ValueError(f"the annotator's name {quoted(name)} looks like a path")
    if unseen := unseen_character(name):
        raise ValueError(f"the annotator's name has a character that cannot be seen, {unseen}")
    return name


def unseen_character(text: str) -> str | None:
    """The first character of ``text`` that is invisible or turns letters round, such as
    ``U+200B``, unless an emoji needs it; None where there is none."""
    signs = (_SIGN if unicodedata.category(each).startswith("S") else each for each in text)
    found = _UNSEEN.search(_EMOJI.sub(_SIGN, "".join(signs)))
    return f"U+{ord(found[0]):04X}" if found else None
