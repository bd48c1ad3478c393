"""Which model stands on the left: as often one as the other, for each person and each pair."""

from collections.abc import Hashable, Sequence

import numpy as np

from components.preference.statistics.choices import Flags

NOT_PAIRED = -1


def balanced_sides(
    nests: Sequence[Sequence[Hashable]],
    others: Sequence[Sequence[Hashable]],
    rng: np.random.Generator,
) -> Flags:
    """(n,) a side for each of n showings, balanced within one in every group of both families.

    Two showings of a group are tied to opposite sides; what is left over of the inner groups is
    tied in the next outer one. Each family ties a showing once at most, so ties form paths and
    rings that alternate between the families: rings are even, and two sides always suffice.

    Args:
        nests, others: two families; each is a list of names of groups for all n showings, from
            inner groups to the outer ones that they lie in.
    """
    partners = [_tied(family, rng) for family in (nests, others)]
    n = len(nests[0])
    side = np.full(n, -1)
    for start in rng.permutation(n):
        if side[start] >= 0:
            continue
        side[start] = rng.integers(2)
        for first in (0, 1):
            _follow(int(start), first, partners, side)
    return side.astype(bool)


def _follow(at: int, family: int, partners: list[list[int]], side: np.ndarray) -> None:
    """Give opposite sides along the ties from a showing, in turn of either family."""
    while (then := partners[family][at]) != NOT_PAIRED and side[then] < 0:
        side[then] = 1 - side[at]
        at, family = then, 1 - family


def _tied(family: Sequence[Sequence[Hashable]], rng: np.random.Generator) -> list[int]:
    """(n,) the showing that each is tied to."""
    partner = [NOT_PAIRED] * len(family[0])
    left = [int(each) for each in rng.permutation(len(family[0]))]
    for names in family:
        waiting: dict[Hashable, int] = {}
        for each in left:
            other = waiting.pop(names[each], None)
            if other is None:
                waiting[names[each]] = each
            else:
                partner[each], partner[other] = other, each
        left = list(waiting.values())
    return partner
