"""A whole simulated study with a preference that is known: who is asked what, and answers."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from components.preference.statistics.choices import (
    NOBODY,
    Choices,
    Flags,
    Indices,
)
from components.preference.statistics.minds import (
    Population,
    answered,
    clicked,
    minds_of,
    seconds_taken,
)


@dataclass(frozen=True)
class Design:
    """What is asked of whom.

    Attributes:
        people, prompts: how many.
        raters: people a pair; everybody answers every pair where there are no more people.
        repeats, checks: hidden repeats and attention checks a person.
    """

    people: int = 10
    prompts: int = 40
    raters: int = 4
    repeats: int = 0
    checks: int = 0


@dataclass(frozen=True)
class Simulated:
    """Answers, and what nobody would know of a real study.

    Attributes:
        choices: the answers.
        clicks: (people,) who clicked at random.
    """

    choices: Choices
    clicks: Flags


def simulate(population: Population, design: Design, seed: int) -> Simulated:
    """A whole study: everybody's answers, repeats with sides swapped, and attention checks.

    Sides are balanced within a person to one, people within a pair as evenly as raters allow.

    Args:
        seed: the same one gives the same answers.
    """
    rng = np.random.default_rng(seed)
    models = len(population.utilities)
    minds = minds_of(population, design.people, design.prompts, rng)
    duels = np.array(list(combinations(range(models), 2)), np.intp)
    shown = _assigned(design, len(duels), rng)
    again = _again(shown, design, rng)
    rows = np.concatenate([shown, again])
    repeat = np.arange(len(rows)) >= len(shown)
    person, pair, swapped = rows.T
    prompt, duel = pair // len(duels), pair % len(duels)
    left, right = duels[duel, swapped], duels[duel, 1 - swapped]
    outcome = answered(population, minds, person, prompt, left, right, rng)
    checks = design.people * design.checks
    who = np.repeat(np.arange(design.people, dtype=np.intp), design.checks)
    expected = rng.integers(2, size=checks).astype(np.intp)
    passed = rng.random(checks) >= population.slip
    done = np.where(passed, expected, 1 - expected)
    done = np.where(minds.clicks[who], clicked(population, checks, rng), done)
    everybody = np.concatenate([person, who])
    pairs = design.prompts * len(duels)
    none = np.full(checks, NOBODY, np.intp)
    choices = _named(
        design,
        models,
        person=everybody,
        pair=np.concatenate([pair, pairs + np.tile(np.arange(design.checks), design.people)]),
        left=np.concatenate([left, none]),
        right=np.concatenate([right, none]),
        outcome=np.concatenate([outcome, done]),
        seconds=seconds_taken(population, minds.clicks, everybody, rng),
        repeat=np.concatenate([repeat, np.zeros(checks, bool)]),
        expected=np.concatenate([np.full(len(rows), NOBODY), expected]),
    )
    # one person after the other
    return Simulated(choices.where(np.argsort(everybody, kind="stable")), minds.clicks)


def _assigned(design: Design, duels: int, rng: np.random.Generator) -> Indices:
    """(answers, 3) person, pair, whether the second model stands left; in each one's own order."""
    raters, pairs = min(design.raters, design.people), design.prompts * duels
    # whoever has least to do comes first, ties by lot: loads differ by one
    load = np.zeros(design.people)
    rows = []
    for pair in rng.permutation(pairs):
        chosen = np.lexsort((rng.random(design.people), load))[:raters]
        load[chosen] += 1
        rows += [(person, pair) for person in chosen]
    table = np.array(rows, np.intp)
    table = table[np.lexsort((rng.random(len(table)), table[:, 0]))]
    within = np.concatenate([np.arange(count) for count in np.bincount(table[:, 0])])
    flip = rng.integers(2, size=design.people)[table[:, 0]]
    assigned: Indices = np.column_stack([table, (within + flip) % 2])
    return assigned


def _again(shown: Indices, design: Design, rng: np.random.Generator) -> Indices:
    """(people · repeats, 3) pairs that people see again, with sides swapped."""
    rows = []
    for person in range(design.people):
        own = np.flatnonzero(shown[:, 0] == person)
        rows.append(rng.choice(own, min(design.repeats, len(own)), replace=False))
    again: Indices = shown[np.concatenate(rows)].copy()
    again[:, 2] = 1 - again[:, 2]
    return again


def _named(design: Design, models: int, **rows: np.ndarray) -> Choices:
    duels = list(combinations(range(models), 2))
    pairs = design.prompts * len(duels)
    prompts = tuple(f"prompt-{prompt:04d}" for prompt in range(design.prompts))
    names = [f"{name}-{one}-{other}" for name in prompts for one, other in duels]
    checks = [f"check-{check:02d}" for check in range(design.checks)]
    last = ("",) if checks else ()  # checks belong to no prompt
    return Choices(
        **rows,
        question=np.zeros(len(rows["person"]), np.intp),
        people=tuple(f"person-{person:03d}" for person in range(design.people)),
        pairs=(*names, *checks),
        models=tuple(f"model-{model}" for model in range(models)),
        questions=("",),
        prompts=prompts + last,
        groups=("",),
        prompt_of=np.concatenate(
            [np.arange(pairs) // len(duels), np.full(len(checks), design.prompts)]
        ).astype(np.intp),
        group_of=np.zeros(pairs + len(checks), np.intp),
    )
