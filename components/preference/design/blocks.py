"""Who judges which pair: a balanced incomplete block design over annotator slots."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from components.preference.statistics.choices import Indices


def assigned(
    kinds: Sequence[object], people: int, raters: int, rng: np.random.Generator
) -> Indices:
    """(pairs, raters) the slots that judge each pair.

    A pair has distinct slots. Slots have equally many pairs, and equally many of each kind, both
    within one; and two slots share about as many pairs as any other two.

    Args:
        kinds: of each pair, such as which models it shows; those of one kind stand together.
        people: slots; not fewer than ``raters``.
    """
    chosen = np.zeros((len(kinds), raters), np.intp)
    loads, together = np.zeros(people, np.int64), np.zeros((people, people), np.int32)
    start = 0
    for _, members in groupby(kinds):
        count = len(list(members))
        each, more = divmod(count * raters, people)
        quota: Indices = np.full(people, each, np.intp)
        # who has least so far gets the one more: so the loads of all kinds stay within one
        quota[np.lexsort((rng.random(people), loads))[:more]] += 1
        loads += quota
        for pair in start + rng.permutation(count):
            chosen[pair] = _raters(quota, together, raters, rng)
            quota[chosen[pair]] -= 1
        start += count
    return chosen


def _raters(
    quota: Indices, together: NDArray[np.int32], raters: int, rng: np.random.Generator
) -> list[int]:
    """The slots with most left to judge; of equal ones those that met the chosen ones least.

    Taking the greatest quotas keeps them within one of each other, so that all end at zero.
    """
    found: list[int] = []
    met, drawn = np.zeros(len(quota), np.int64), rng.random(len(quota))
    for _ in range(raters):
        order = np.lexsort((drawn, met, -quota))
        slot = next(int(each) for each in order if each not in found)
        met = met + together[slot]
        found.append(slot)
    together[np.ix_(found, found)] += 1
    return found
