"""How wide the columns of a table in a terminal are, and where their cells are broken."""

import re
import textwrap
from collections.abc import Iterable, Sequence

READABLE = 16
"""Letters that a column of sentences has at least, where its sentences are longer."""
NARROWEST = 6
"""Letters to which a column may shrink by breaking words, where nothing else helps."""

_TOGETHER = re.compile(r" (?=±)|(?<=,) (?=[^\[\]]*\])")
"""Spaces at which no line ends: before ``±``, and within an interval."""
_HARD = "\u00a0"
_PARTS = re.compile(r"[ \n]|(?<=,)(?=\S)")
"""Where a name may be broken before a word has to be."""


def room(widths: Iterable[int]) -> int:
    """Letters of a table with columns of such widths: three between any two, and its edges."""
    return sum(width + 3 for width in widths) + 1


def natural_width(texts: Sequence[str]) -> int:
    """Letters of the longest line."""
    return max(len(line) for text in texts for line in text.split("\n"))


def least_width(texts: Sequence[str]) -> int:
    """Letters that a column needs, so that no word, number or interval is broken; names are, after
    a comma."""
    parts = (part for text in texts for part in _PARTS.split(_TOGETHER.sub(_HARD, text)))
    longest = max(len(part) for part in parts)
    return max(longest, min(READABLE, natural_width(texts)))


def columns_within(width: int, columns: Sequence[Sequence[str]]) -> list[int]:
    """The widths of columns in a table of at most ``width`` letters.

    The widest column gives first, as long as no word of it has to be broken; then words are.
    """
    least, widths = [least_width(each) for each in columns], [natural_width(c) for c in columns]
    for floors in (least, [NARROWEST] * len(columns)):
        while room(widths) > width:
            able = [i for i, floor in enumerate(floors) if widths[i] > floor]
            if not able:
                break
            widths[max(able, key=lambda i: widths[i])] -= 1
    return widths


def lines(text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` letters, all of it."""
    broken: list[str] = []
    for line in text.split("\n"):
        words = _TOGETHER.sub(_HARD, line).split(" ")
        hard = " ".join(part for word in words for part in _pieces(word, width))
        broken += textwrap.wrap(hard, width, break_on_hyphens=False) or [""]
    return "\n".join(broken).replace(_HARD, " ")


def _pieces(word: str, width: int) -> list[str]:
    """A word in pieces of at most ``width`` letters: up to a comma, else to ``_`` or ``=``."""
    pieces = []
    while len(word) > width:
        ends = (word.rfind(mark, 0, width) for mark in (",", "_", "="))
        cut = next((end + 1 for end in ends if end > 0), width)
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]
