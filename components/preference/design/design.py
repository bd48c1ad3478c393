"""A study's design, drawn: every showing of every person."""

import hashlib
import hmac
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from components.preference.design.blocks import assigned
from components.preference.design.order import CHECK, ordered
from components.preference.design.sides import balanced_sides
from components.preference.design.size import NOISE, REAL, Size

Shown = Literal["shown", "repeat", "check"]

ITEM_DIGITS = 20
"""Hexadecimal digits of an item's name: 80 bits, so that no two of a million are alike."""


@dataclass(frozen=True)
class Row:
    """One showing.

    Attributes:
        slot: the annotator's, from 0.
        place: in the slot's order, from 0.
        item: the showing's name; it differs from showing to showing, also of one pair, and says
            nothing to who has not the seed and the salt.
        pair: from 0; the pairs of attention checks follow those of the study, and are the same for
            everybody.
        left, right: the models shown there, or `REAL` and `NOISE` of an attention check; ``right``
            is empty where one image is shown.
        kind: a pair for the first time, again with sides swapped, or an attention check.
    """

    slot: int
    place: int
    item: str
    pair: int
    left: str
    right: str
    kind: Shown


@dataclass(frozen=True)
class Design:
    """All showings of a study, by slot and place.

    Attributes:
        size: what it was drawn for.
        rows: every showing.
    """

    size: Size
    rows: tuple[Row, ...]

    def of_slot(self, slot: int) -> tuple[Row, ...]:
        """A person's showings in their order."""
        start, end = (bisect_left(self.rows, s, key=lambda row: row.slot) for s in (slot, slot + 1))
        return self.rows[start:end]


def draw_design(size: Size, seed: int, salt: bytes = b"") -> Design:
    """The design of a size and a seed; the same ones always give the same.

    Args:
        salt: what annotators do not have, such as a digest of all images. Seeds can be guessed:
            without a salt whoever knows a study's size could draw its key.
    """
    secret = hashlib.sha256(f"study design {seed} ".encode() + salt).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(secret, "big")))
    models = size.shown()
    slots = assigned(models, size.people, size.raters, rng)
    # pairs of one kind stand together there; what a pair is called must not say its kind
    name = rng.permutation(size.pairs)
    pairs = np.repeat(np.arange(size.pairs), size.raters)
    people = slots.ravel()
    sides = balanced_sides(
        [[(int(s), models[p]) for s, p in zip(people, pairs, strict=True)], people.tolist()],
        [pairs.tolist(), [models[p] for p in pairs]],
        rng,
    )
    rows: list[Row] = []
    for slot in range(size.people):
        own = np.flatnonzero(people == slot)
        order = ordered(sides[own], size.repeats, size.checks, rng)
        checks = _checks(slot, size, rng)
        for place, each in enumerate(order):
            item = _item(secret, slot, place)
            if each.showing == CHECK:
                pair, *both = next(checks)
                rows.append(Row(slot, place, item, pair, both[0], both[1], "check"))
                continue
            at = own[each.showing]
            two = models[pairs[at]]
            turned = size.kind == "pairwise" and bool(sides[at]) == (each.again % 2 == 0)
            left, right = two[::-1] if turned else two
            kind: Shown = "repeat" if each.again else "shown"
            rows.append(Row(slot, place, item, int(name[pairs[at]]), left, right, kind))
    return Design(size, tuple(rows))


def _checks(slot: int, size: Size, rng: np.random.Generator) -> Iterator[tuple[int, str, str]]:
    """A person's attention checks in an order of their own; each pair and its sides.

    Half of a person's, and half of what a check shows to all, have the real image on the left.
    """
    for check in rng.permutation(size.checks):
        pair = size.pairs + int(check)
        if size.kind == "realism":
            yield pair, NOISE, ""
        else:
            yield (pair, REAL, NOISE) if (check + slot) % 2 else (pair, NOISE, REAL)


def _item(secret: bytes, slot: int, place: int) -> str:
    """A showing's name: a keyed digest (RFC 2104) of where it stands."""
    named = hmac.new(secret, f"item {slot} {place}".encode(), hashlib.sha256)
    return named.hexdigest()[:ITEM_DIGITS]
