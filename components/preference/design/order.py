"""A person's own order: what is shown, with hidden repeats and attention checks spread over it."""

from dataclasses import dataclass

import numpy as np

from components.preference.statistics.choices import Flags

FAR = 10
"""Places from a pair to its repeat at least, where the order is long enough."""

CHECK = -1


@dataclass(frozen=True)
class Place:
    """What stands at one place of a person's order.

    Attributes:
        showing: which of the person's pairs is shown; `CHECK` for an attention check.
        again: how often it was shown before.
    """

    showing: int
    again: int = 0


def least_distance(count: int, repeats: int) -> int:
    """Places from a showing to the next of the same pair, at least; 6 or more from 6 pairs on.

    Args:
        count: pairs of the person.
    """
    return min(_first(count, repeats), FAR)


def ordered(sides: Flags, repeats: int, checks: int, rng: np.random.Generator) -> list[Place]:
    """An order of the person's pairs.

    Repeats lie in equal parts of what follows the first third, checks in equal parts of the whole.
    With fewer pairs than repeats all are shown, and then again in the same order.

    Args:
        sides: (count,) of the person's pairs; as many repeats are of one side as of the other, as
            far as that goes.
    """
    count = len(sides)
    first, whole = _first(count, repeats), count + repeats
    shown = [int(each) for each in rng.permutation(count)]
    at = {
        first + int(place): turn for turn, place in enumerate(_spread(whole - first, repeats, rng))
    }
    pairs, fresh = [], iter(shown)
    used: list[int] = []
    for place in range(whole):
        if place not in at:
            pairs.append(Place(next(fresh)))
        elif count < repeats:
            pairs.append(Place(shown[at[place] % count], 1 + at[place] // count))
        else:
            early = [p.showing for p in pairs[: place - least_distance(count, repeats) + 1]]
            free = [each for each in dict.fromkeys(early) if each not in used]
            used.append(_of_rarer_side(free, used, sides, rng))
            pairs.append(Place(used[-1], 1))
    for place in reversed(_spread(whole + 1, checks, rng)):
        pairs.insert(int(place), Place(CHECK))
    return pairs


def _first(count: int, repeats: int) -> int:
    """The first place at which a repeat may stand, in the order without checks."""
    return min(count, max(repeats, (count + repeats) // 3))


def _spread(places: int, count: int, rng: np.random.Generator) -> list[int]:
    """``count`` of so many places, one in each of ``count`` equal parts, in order."""
    ends = [places * part // count for part in range(count + 1)]
    return [
        int(rng.integers(low, max(high, low + 1)))
        for low, high in zip(ends, ends[1:], strict=False)
    ]


def _of_rarer_side(free: list[int], used: list[int], sides: Flags, rng: np.random.Generator) -> int:
    lean = sum(1 if sides[each] else -1 for each in used)
    wanted = [each for each in free if lean == 0 or bool(sides[each]) == (lean < 0)]
    return int(rng.choice(wanted or free))
