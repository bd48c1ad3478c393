"""Simulated people who answer a study with a preference that is known.

The utility of model m for prompt q to person a is `utilities[m]`, plus what the prompt, the person
and the two together add. Whoever answers with care chooses by logistic noise on the difference d,
with a threshold for a tie (Rao and Kupper, 1967, equation 2.2) and a liking for the left side:

    P(left) = σ(d + s - τ),  P(right) = σ(-d - s - τ),  undecided else.

Others click at random. Nothing of this is a person's; whatever is counted from it is simulated.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import special

from components.preference.statistics.choices import (
    NOBODY,
    Choices,
    Flags,
    Floats,
    Indices,
    Outcome,
)


@dataclass(frozen=True)
class Population:
    """Whom a simulated study asks.

    Attributes:
        utilities: (models,) log-odds scale.
        prompt_sd, person_sd, cell_sd: what a prompt, a person, and the two together add to the
            difference of two models; the last stays when a pair is seen again.
        side, side_sd: log-odds for the left side: the mean person's, and between people.
        tie: the threshold τ; 0 leaves no ties.
        tie_sd: of its logarithm, between people.
        both_bad: the share of undecided answers that find both bad.
        clickers: the share of people who click at random.
        clicks: how these spread over left, right, tie and both bad.
        slip: how often careful people fail an attention check.
        seconds, clicker_seconds: medians of the time a choice takes.
    """

    utilities: tuple[float, ...] = (0.0, 0.4)
    prompt_sd: float = 1.0
    person_sd: float = 0.5
    cell_sd: float = 1.0
    side: float = 0.0
    side_sd: float = 0.3
    tie: float = 0.35
    tie_sd: float = 0.3
    both_bad: float = 0.25
    clickers: float = 0.0
    clicks: tuple[float, float, float, float] = (0.4, 0.4, 0.15, 0.05)
    slip: float = 0.03
    seconds: float = 6.0
    clicker_seconds: float = 2.0


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


@dataclass(frozen=True)
class _Minds:
    """Everybody's liking: (people, prompts, models), (people,), (people,), (people,)."""

    utility: Floats
    side: Floats
    tie: Floats
    clicks: Flags


def simulate(population: Population, design: Design, seed: int) -> Simulated:
    """A whole study: everybody's answers, repeats with sides swapped, and attention checks.

    Sides are balanced within a person to one, people within a pair as evenly as raters allow.

    Args:
        seed: the same one gives the same answers.
    """
    rng = np.random.default_rng(seed)
    models = len(population.utilities)
    minds = _minds(population, design, rng)
    duels = np.array(list(combinations(range(models), 2)), np.intp)
    shown = _assigned(design, len(duels), rng)
    again = _again(shown, design, rng)
    rows = np.concatenate([shown, again])
    repeat = np.arange(len(rows)) >= len(shown)
    person, pair, swapped = rows.T
    prompt, duel = pair // len(duels), pair % len(duels)
    left, right = duels[duel, swapped], duels[duel, 1 - swapped]
    outcome = _answered(population, minds, person, prompt, left, right, rng)
    checks = design.people * design.checks
    who = np.repeat(np.arange(design.people, dtype=np.intp), design.checks)
    expected = rng.integers(2, size=checks).astype(np.intp)
    passed = rng.random(checks) >= population.slip
    done = np.where(passed, expected, 1 - expected)
    done = np.where(minds.clicks[who], _clicked(population, checks, rng), done)
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
        seconds=_seconds(population, minds.clicks, everybody, rng),
        repeat=np.concatenate([repeat, np.zeros(checks, bool)]),
        expected=np.concatenate([np.full(len(rows), NOBODY), expected]),
    )
    # one person after the other
    return Simulated(choices.where(np.argsort(everybody, kind="stable")), minds.clicks)


def outcome_shares(population: Population, draws: int = 200_000, seed: int = 0) -> Floats:
    """(models, models, 4) how often all people about all prompts answer that the first won, the
    second won, tie, both bad; both sides alike, clickers among them.

    The integral over people and prompts by Monte Carlo, good to about 1/√draws.
    """
    rng = np.random.default_rng(seed)
    p, models = population, len(population.utilities)
    spread = (p.prompt_sd**2 + p.person_sd**2 + p.cell_sd**2) ** 0.5
    apart = spread * rng.standard_normal(draws)
    side = np.where(np.arange(draws) % 2 == 0, 1.0, -1.0) * (
        p.side + p.side_sd * rng.standard_normal(draws)
    )
    tie = p.tie * np.exp(p.tie_sd * rng.standard_normal(draws))
    shares = np.zeros((models, models, 4))
    for one, other in combinations(range(models), 2):
        d = p.utilities[one] - p.utilities[other] + apart + side
        won, lost = special.expit(d - tie).mean(), special.expit(-d - tie).mean()
        neither = 1 - won - lost
        careful = [won, lost, neither * (1 - p.both_bad), neither * p.both_bad]
        click = [sum(p.clicks[:2]) / 2] * 2 + list(p.clicks[2:])
        mixed = (1 - p.clickers) * np.array(careful) + p.clickers * np.array(click)
        shares[one, other], shares[other, one] = mixed, mixed[[1, 0, 2, 3]]
    return shares


def _minds(population: Population, design: Design, rng: np.random.Generator) -> _Minds:
    p, models = population, len(population.utilities)
    people, prompts = design.people, design.prompts
    # each model gets a share of its own, so that the difference of two has the stated deviation
    each = 0.5**0.5
    utility = np.array(p.utilities) + each * (
        p.prompt_sd * rng.standard_normal((1, prompts, models))
        + p.person_sd * rng.standard_normal((people, 1, models))
        + p.cell_sd * rng.standard_normal((people, prompts, models))
    )
    return _Minds(
        utility,
        p.side + p.side_sd * rng.standard_normal(people),
        p.tie * np.exp(p.tie_sd * rng.standard_normal(people)),
        rng.random(people) < p.clickers,
    )


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


def _answered(
    population: Population,
    minds: _Minds,
    person: Indices,
    prompt: Indices,
    left: Indices,
    right: Indices,
    rng: np.random.Generator,
) -> Indices:
    n = len(person)
    d = minds.utility[person, prompt, left] - minds.utility[person, prompt, right]
    d = d + minds.side[person]
    on_left = special.expit(d - minds.tie[person])
    on_right = special.expit(-d - minds.tie[person])
    drawn = rng.random(n)
    undecided = np.where(
        rng.random(n) < population.both_bad, int(Outcome.BOTH_BAD), int(Outcome.TIE)
    )
    careful = np.select(
        [drawn < on_left, drawn < on_left + on_right],
        [np.full(n, int(Outcome.LEFT)), np.full(n, int(Outcome.RIGHT))],
        undecided,
    )
    clicked = _clicked(population, n, rng)
    outcome: Indices = np.where(minds.clicks[person], clicked, careful)
    return outcome


def _clicked(population: Population, n: int, rng: np.random.Generator) -> Indices:
    clicked: Indices = rng.choice(4, n, p=population.clicks).astype(np.intp)
    return clicked


def _seconds(
    population: Population, clicks: Flags, person: Indices, rng: np.random.Generator
) -> Floats:
    """Log-normal about each person's own median."""
    own = 0.3 * rng.standard_normal(len(clicks))
    median = np.where(clicks, population.clicker_seconds, population.seconds)
    seconds: Floats = median[person] * np.exp(own[person] + 0.5 * rng.standard_normal(len(person)))
    return seconds


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
