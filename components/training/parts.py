"""A step's rows in parts that follow each other, so that less is in memory at once."""

from collections.abc import Iterator

from components.networks.conditioners.rows import Rows

WHOLE = slice(None)
"""All rows of a step as one part."""


def parts_of(count: int, parts: int) -> Iterator[slice]:
    """``count`` rows in at most ``parts`` parts, as long as each other or longer by one."""
    if parts == 1:
        yield WHOLE
        return
    least, more = divmod(count, parts)
    start = 0
    for number in range(min(parts, count)):
        end = start + least + (number < more)
        yield slice(start, end)
        start = end


def share_of(part: slice, count: int) -> float:
    """Which share of ``count`` rows a part has."""
    return len(range(*part.indices(count))) / count


def of_part(rows: Rows, part: slice) -> Rows:
    """The conditions of a part."""
    return {name: tensor[part] for name, tensor in rows.items()}
