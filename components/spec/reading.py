"""What a judge of captions reads in the place of a word that only a fine-tune has been taught."""

import re
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

READING = "reading"
"""The key of a stage's spec that has one."""

AS_READ = "captions"
"""Where a figure's protocol says what was read, if that is not what was asked for."""

CAPTION = "{caption}"


@dataclass(frozen=True)
class Reading:
    """A taught word, and the one of everybody's language that stands for it.

    Attributes:
        token: the word that was taught.
        word: what is read in its place.
        numbered: whether ``token_1``, ``token_2``, … are words of it, too, as those of a token of
            several vectors are.
        template: what a model is told in the place of a caption, with ``{caption}`` for that one;
            None for the caption itself.
    """

    token: str
    word: str
    numbered: bool = False
    template: str | None = None

    @classmethod
    def of(cls, spec: dict[str, Any] | None) -> Self | None:
        """The inverse of `told`; None for None."""
        return None if spec is None else cls(**spec)

    def told(self) -> dict[str, Any]:
        """What a stage's spec has of it."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def read(self, caption: str) -> str:
        """What a judge reads where a model was asked for ``caption``.

        The token and the words of its vectors, whether in capitals or not, are one ``word``; it is
        said once where that stands behind them already, as in "a sks dog".
        """
        text = caption if self.template is None else self.template.replace(CAPTION, caption)
        return self._pattern.sub(lambda _: self.word, text)

    @property
    def tells_alike(self) -> bool:
        """Whether all images are asked for by one text, whatever their captions."""
        return self.template is not None and CAPTION not in self.template

    @property
    def words(self) -> str:
        """What a record says of it, as in ``sks read as dog``."""
        told = "" if self.template is None else f" in {self.template}"
        return f"{self.token} read as {self.word}{told}"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        numbers = r"(?:_\d+)?" if self.numbered else ""
        one = _alone(self.token, re.escape(self.token) + numbers)
        behind = _alone(self.word, re.escape(self.word))
        return re.compile(rf"{one}(?:\s*{one})*(?:\s+{behind})?", re.IGNORECASE)


def _alone(text: str, pattern: str) -> str:
    """``pattern`` of ``text`` where it is no part of a longer word."""
    before = r"(?<!\w)" if re.match(r"\w", text) else ""
    after = r"(?!\w)" if re.search(r"\w$", text) else ""
    return before + pattern + after
