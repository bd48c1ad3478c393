"""What limits do to the captions of prepared data."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from components.data.readers.cut import Cut, cut_of_counted, cut_of_lengths
from components.data.readers.minilm import minilm_reader
from components.data.readers.reader import Reader


def cut_of_prepared(
    lengths: Mapping[int, int],
    counted: Callable[[], Iterable[tuple[str, int]]],
    readers: Sequence[Reader],
    most: int | None = None,
) -> Cut:
    """What the shortest limit of ``readers``, or ``most``, does to all captions of a data set.

    Args:
        lengths: tokens of `minilm` → captions that have so many: they were counted before.
        counted: gives the distinct captions, each with how many images have it.
    """
    if [*readers] == [minilm_reader()]:
        return cut_of_lengths(lengths, most or readers[0].limit)
    return cut_of_counted(counted(), readers, most)
