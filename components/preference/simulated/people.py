"""What simulated annotators answer to a study's items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from components.preference.design.key import Key
from components.preference.statistics.choices import Indices, Outcome
from components.preference.statistics.minds import (
    Minds,
    Population,
    answered,
    clicked,
    minds_of,
    seconds_taken,
)

Liking = Mapping[tuple[str, str], float]
"""(pair, model) → how much everybody likes that image, log-odds scale."""


@dataclass(frozen=True)
class Answered:
    """A simulated annotator's answer.

    Attributes:
        slot: the annotator's, from 0.
        place: among the annotator's items as the key has them, from 1.
        item: what was shown.
        answer: given.
        seconds: that it took.
    """

    slot: int
    place: int
    item: str
    answer: Outcome
    seconds: float


def answers_of(key: Key, liking: Liking, population: Population, seed: int) -> list[Answered]:
    """Everybody's answers to every item of theirs, repeats and attention checks among them.

    Args:
        key: of a study of pairs in which each item is somebody's.
        population: whom the study asks; its ``utilities`` are not used, ``liking`` is.
        seed: the same one gives the same answers.

    Raises:
        ValueError: the study shows one image at a time, or an item is nobody's.
    """
    items = list(key.items.values())
    slots = np.array([-1 if item.slot is None else item.slot for item in items], np.intp)
    if key.kind != "pairwise" or not items or slots.min() < 0:
        raise ValueError("only a study of pairs with an order for each annotator can be simulated")
    rng = np.random.default_rng(seed)
    check = np.array([item.kind == "check" for item in items])
    shown = [item for item in items if item.kind != "check"]
    pairs = {pair: number for number, pair in enumerate(sorted({item.pair for item in shown}))}
    models = sorted({name for item in shown for name in (item.left, item.right)})
    population = replace(population, utilities=(0.0,) * len(models))
    minds = minds_of(population, int(slots.max()) + 1, len(pairs), rng)
    shared = np.array([[liking.get((pair, model), 0.0) for model in models] for pair in pairs])
    minds = replace(minds, utility=minds.utility + shared)
    outcome = np.zeros(len(items), np.intp)
    where = {model: number for number, model in enumerate(models)}
    outcome[~check] = answered(
        population,
        minds,
        slots[~check],
        np.array([pairs[item.pair] for item in shown], np.intp),
        np.array([where[item.left] for item in shown], np.intp),
        np.array([where[item.right] for item in shown], np.intp),
        rng,
    )
    expected = [int(item.expected) for item in items if item.expected is not None]
    outcome[check] = _checked(population, minds, slots[check], expected, rng)
    seconds = seconds_taken(population, minds.clicks, slots, rng)
    turns = dict.fromkeys(slots.tolist(), 0)
    found = []
    for name, slot, each, time in zip(
        key.items, slots.tolist(), outcome.tolist(), seconds.tolist(), strict=True
    ):
        turns[slot] += 1
        found.append(Answered(slot, turns[slot], name, Outcome(each), time))
    return found


def _checked(
    population: Population,
    minds: Minds,
    person: Indices,
    expected: Sequence[int],
    rng: np.random.Generator,
) -> Indices:
    """What is answered to attention checks: the plain answer but for slips, or anything."""
    plain = np.array(expected, np.intp)
    passed = rng.random(len(plain)) >= population.slip
    careful = np.where(passed, plain, 1 - plain)
    random = clicked(population, len(plain), rng)
    outcome: Indices = np.where(minds.clicks[person], random, careful)
    return outcome
