"""The report's standing and the gate's decision about the same two cells never contradict."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from components.figures.figure import Figure, Origins
from components.figures.standing import BETTER, NOISE, UNLIKE, WORSE, between
from components.spec.gate import better_by
from components.tracking.gate import decide
from tests.figures.made import made

N = 60
SEEDS, SHARED = np.arange(N), np.random.default_rng(0).standard_normal(N)
LOW_IS_BETTER, HIGH_IS_BETTER = "fd_x", "recall_x"
CHANGES: dict[str, dict[str, Any]] = {
    "alike": {},
    "other seeds": {"origins": Origins(SEEDS + 1, "p")},
    "other prompts": {"origins": Origins(SEEDS, "q")},
    "unknown origins": {"origins": None},
    "no pseudo-values": {"pseudo": ()},
    "pseudo-values without spread": {"pseudo": (np.ones(N), np.ones(20))},
    "pseudo-values of other images": {"pseudo": (SHARED[:40], np.arange(20.0))},
    "pseudo-values that are no numbers": {"pseudo": (SHARED * np.nan, np.arange(20.0))},
    "other interval": {"interval": "bootstrap"},
    "other n": {"n_generated": 41},
    "other protocol": {"resize": "96px"},
    "other confidence": {"confidence": 0.9},
    "other settings": {"settings": {"k": 3}},
}


def figure(metric: str, value: float, half: float, own: int, **changed: Any) -> Figure:
    noise = np.random.default_rng(1 + own).standard_normal(N)
    own_values: dict[str, Any] = {
        "origins": Origins(SEEDS, "p"),
        "pseudo": (value + 9 * half * SHARED + half * noise, np.arange(20.0)),
    }
    return made(metric, value, value - half, value + half, **own_values | changed)


def verdict(candidate: Figure, champion: Figure) -> tuple[str, str]:
    """The report's kind, and how the gate put it."""
    name = candidate.metric
    (held,) = decide(better_by(name), {name: candidate}, {name: champion}).conditions
    words = {"better": BETTER, "worse": WORSE, "not better beyond": NOISE, "not comparable": UNLIKE}
    told = next(kind for start, kind in words.items() if held.reason.startswith(start))
    assert held.passed is (told == BETTER)
    standing = between(candidate, champion)
    if held.difference and standing.difference:
        assert held.difference == standing.difference
    return standing.kind, told


@pytest.mark.parametrize("name", CHANGES)
def test_both_say_the_same(name: str) -> None:
    metrics = (LOW_IS_BETTER, HIGH_IS_BETTER, f"{LOW_IS_BETTER}/a group")
    for metric, gap, half in product(metrics, np.linspace(-3, 3, 13), (0.2, 1.0)):
        champion = figure(metric, 10.0, half, 0)
        for one, other in ((CHANGES[name], {}), ({}, CHANGES[name])):
            candidate = figure(metric, 10.0 + float(gap), half, 1, **one)
            against = figure(metric, 10.0, half, 0, **other) if other else champion
            report, gate = verdict(candidate, against)
            assert report == gate, (name, metric, gap, half)


def test_a_figure_that_is_not_finite_is_nobodys_better() -> None:
    good = figure(LOW_IS_BETTER, 10.0, 1.0, 0)
    estimate = replace(good.measured.estimate, value=float("nan"))
    bad = replace(good, measured=replace(good.measured, estimate=estimate))
    for candidate, champion in ((good, bad), (bad, good)):
        gate = better_by(LOW_IS_BETTER)
        assert not decide(gate, {LOW_IS_BETTER: candidate}, {LOW_IS_BETTER: champion}).promote
        assert between(candidate, champion).kind not in (BETTER, WORSE)
