from collections.abc import Callable
from typing import Any

import pytest

from components.errors import AlphabarError
from components.tracking import gate
from components.tracking.gate import decide

Make = Callable[..., dict[str, Any]]
LOWER, HIGHER = "fd_efficientnet_lite0", "clip_score_domain"


@pytest.mark.parametrize(
    ("metric", "candidate", "promoted"),
    [
        (LOWER, 80.0, True),
        (LOWER, 90.0, False),  # touches: [85, 95] against [95, 105]
        (LOWER, 89.9, True),
        (LOWER, 97.0, False),
        (LOWER, 130.0, False),
        (HIGHER, 120.0, True),
        (HIGHER, 103.0, False),
        (HIGHER, 80.0, False),
        ("recognised_svc", 120.0, True),
        ("kd_efficientnet_lite0", 80.0, True),
    ],
)
def test_only_a_model_better_beyond_both_intervals_is_promoted(
    figure: Make, metric: str, candidate: float, promoted: bool
) -> None:
    champion = gate.figure({"metric": metric, **figure(100.0)})
    challenger = gate.figure({"metric": metric, **figure(candidate)})
    assert decide(challenger, champion).promote is promoted


@pytest.mark.parametrize(
    "changed",
    [
        {"n_generated": 2000},
        {"n_reference": 100},
        {"extractor": "inception"},
        {"resize": "clean 299px"},
        {"data_hash": "other"},
        {"confidence": 0.9},
        {"reference": "train"},
        {"interval": "bootstrap"},
    ],
)
def test_figures_measured_differently_are_not_compared(
    figure: Make, changed: dict[str, Any]
) -> None:
    champion = gate.figure({"metric": LOWER, **figure(100.0)})
    challenger = gate.figure({"metric": LOWER, **figure(1.0, **changed)})
    decision = decide(challenger, champion)
    assert not decision.promote
    assert next(iter(changed)) in decision.reason
    assert decide(gate.figure({"metric": LOWER, **figure(1.0, seed=7)}), champion).promote


def test_another_metric_is_not_compared(figure: Make) -> None:
    champion = gate.figure({"metric": LOWER, **figure(100.0)})
    decision = decide(gate.figure({"metric": "kd_efficientnet_lite0", **figure(1.0)}), champion)
    assert not decision.promote
    assert "kd_efficientnet_lite0" in decision.reason


def test_the_first_finite_figure_is_champion(figure: Make) -> None:
    assert decide(gate.figure({"metric": LOWER, **figure(1e9)}), None).promote
    assert not decide(gate.figure({"metric": LOWER, **figure(float("nan"))}), None).promote


def test_a_metric_of_unknown_direction_is_refused(figure: Make) -> None:
    with pytest.raises(AlphabarError, match="vibes"):
        gate.figure({"metric": "vibes", **figure(1.0)})


def test_an_incomplete_figure_is_refused() -> None:
    with pytest.raises(AlphabarError, match="low"):
        gate.figure({"metric": LOWER, "value": 1.0})
