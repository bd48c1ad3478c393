"""What limits do to captions: how many are cut, and where."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from components.data.readers.reader import Reader

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
        by: the encoder whose limit that is, where others read more.
    """

    limit: int
    captions: int
    cut: int
    longest: int
    by: str = ""

    def words(self, of: str = "captions") -> str:
        """A sentence for the user.

        Args:
            of: what the texts are called.
        """
        if self.cut:
            by = f" by {self.by}" if self.by else ""
            return (
                f"{self.cut} of {self.captions} {of} are cut at {self.limit} tokens{by}, "
                f"the longest has {self.longest}"
            )
        if self.longest:
            return f"none of {self.captions} {of} is cut, the longest has {self.longest} tokens"
        return f"none of {self.captions} {of} is cut, none is longer than {self.limit} tokens"


def cut_of(captions: Iterable[str], readers: Sequence[Reader], most: int | None = None) -> Cut:
    """What the shortest limit of ``readers``, or ``most``, does to captions.

    Of very many captions only those are tokenized that may be too long.
    """
    counts = Counter(captions)
    return cut_of_counted(counts.items(), readers, most, every=len(counts) <= _ALL)


def cut_of_counted(
    counted: Iterable[tuple[str, int]],
    readers: Sequence[Reader],
    most: int | None = None,
    *,
    every: bool = True,
) -> Cut:
    """The same of distinct captions, each with how many images have it.

    Args:
        every: tokenize all; else only those that may be too long.
    """
    limits = [min(most or reader.limit, reader.limit) for reader in readers]
    captions = cut = longest = 0
    for caption, times in counted:
        captions += times
        read = [*zip(readers, limits, strict=True)]
        if not every and all(reader.most(caption) <= limit for reader, limit in read):
            continue
        tokens = [(reader.count(caption), limit) for reader, limit in read]
        too_long = any(count > limit for count, limit in tokens)
        cut += times if too_long else 0
        if every or too_long:
            longest = max(longest, *(count for count, _ in tokens))
    shortest = min(range(len(readers)), key=limits.__getitem__)
    by = readers[shortest].name if len({*limits}) > 1 else ""
    return Cut(limits[shortest], captions, cut, longest, by)


def cut_of_lengths(lengths: Mapping[int, int], limit: int) -> Cut:
    """The same from a histogram (tokens → captions), as dataset.json has it."""
    beyond = sum(count for tokens, count in lengths.items() if tokens > limit)
    return Cut(limit, sum(lengths.values()), beyond, max(lengths, default=0))


def length_histogram(captions: Iterable[str], reader: Reader) -> dict[int, int]:
    """Tokens → captions that have so many; each distinct caption is tokenized once."""
    lengths: Counter[int] = Counter()
    for caption, times in Counter(captions).items():
        lengths[reader.count(caption)] += times
    return dict(sorted(lengths.items()))
