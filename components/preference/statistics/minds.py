"""What simulated people like and answer.

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

from components.preference.statistics.choices import Flags, Floats, Indices, Outcome


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
class Minds:
    """Everybody's liking.

    Attributes:
        utility: (people, prompts, models), log-odds scale.
        side: (people,) log-odds for the left side.
        tie: (people,) the threshold τ.
        clicks: (people,) who clicks at random.
    """

    utility: Floats
    side: Floats
    tie: Floats
    clicks: Flags


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


def minds_of(population: Population, people: int, prompts: int, rng: np.random.Generator) -> Minds:
    """So many of a population's people, and what they think of each of so many prompts."""
    p, models = population, len(population.utilities)
    # each model gets a share of its own, so that the difference of two has the stated deviation
    each = 0.5**0.5
    utility = np.array(p.utilities) + each * (
        p.prompt_sd * rng.standard_normal((1, prompts, models))
        + p.person_sd * rng.standard_normal((people, 1, models))
        + p.cell_sd * rng.standard_normal((people, prompts, models))
    )
    return Minds(
        utility,
        p.side + p.side_sd * rng.standard_normal(people),
        p.tie * np.exp(p.tie_sd * rng.standard_normal(people)),
        rng.random(people) < p.clickers,
    )


def answered(
    population: Population,
    minds: Minds,
    person: Indices,
    prompt: Indices,
    left: Indices,
    right: Indices,
    rng: np.random.Generator,
) -> Indices:
    """(answers,) an `Outcome` each, to pairs that show models on two sides.

    Args:
        person, prompt, left, right: (answers,) numbers in ``minds``.
    """
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
    random = clicked(population, n, rng)
    outcome: Indices = np.where(minds.clicks[person], random, careful)
    return outcome


def clicked(population: Population, n: int, rng: np.random.Generator) -> Indices:
    """(n,) an `Outcome` each, at random."""
    random: Indices = rng.choice(4, n, p=population.clicks).astype(np.intp)
    return random


def seconds_taken(
    population: Population, clicks: Flags, person: Indices, rng: np.random.Generator
) -> Floats:
    """(answers,) seconds, log-normal about each person's own median."""
    own = 0.3 * rng.standard_normal(len(clicks))
    median = np.where(clicks, population.clicker_seconds, population.seconds)
    seconds: Floats = median[person] * np.exp(own[person] + 0.5 * rng.standard_normal(len(person)))
    return seconds
