"""What an image is planned to cost is what it costs."""

from typing import Any

import pytest

from components.generation.generate import generate
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.spec.catalogue import SOLVERS as CATALOGUE_SOLVERS
from components.spec.cost import Cost, planned_cost
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import model_config

FIXED = sorted(name for name, solver in CATALOGUE_SOLVERS.items() if not solver.adaptive)


def checkpoint(encoder: str) -> Checkpoint:
    config = model_config(encoder, size=4, classes=("a", "b"), steps=100)
    made = new_checkpoint(config, seed=0)
    made.network.eval()
    return made


@pytest.fixture(scope="module")
def told() -> Checkpoint:
    return checkpoint("class")


@pytest.fixture(scope="module")
def untold() -> Checkpoint:
    return checkpoint("none")


def measured(model: Checkpoint, guide: Checkpoint | None = None, /, **settings: Any) -> float:
    sampling = SamplingSpec(**settings)
    prompts = Prompts.of([0, 1], ["", ""])
    return generate(Sampler(model, sampling, guide), prompts).network_evaluations


def planned(conditional: bool, **settings: Any) -> Cost:
    return planned_cost(SamplingSpec(**settings).model_dump(mode="json"), conditional)


@pytest.mark.parametrize("solver", FIXED)
@pytest.mark.parametrize("steps", [1, 5])
def test_the_planned_cost_of_a_solver_is_measured(
    told: Checkpoint, solver: str, steps: int
) -> None:
    settings: dict[str, Any] = {"solver": solver, "steps": steps}
    if "corrector_steps" in CATALOGUE_SOLVERS[solver].options:
        settings["corrector_steps"] = 3
    cost = planned(True, **settings)
    assert cost == Cost(round(measured(told, **settings)), "exactly")
    guided = settings | {"guidance": 2.0}
    assert planned(True, **guided) == Cost(round(measured(told, **guided)), "exactly")
    assert planned(True, **guided).evaluations == 2 * cost.evaluations


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    ("kind", "rescale"), [("cfg", 0.0), ("cfg", 0.7), ("apg", 0.0), ("cfgpp", 0.0)]
)
def test_the_planned_cost_of_guidance_is_measured(
    told: Checkpoint, untold: Checkpoint, kind: str, rescale: float, scale: float
) -> None:
    settings = {"steps": 3, "guidance": scale, "guidance_kind": kind, "guidance_rescale": rescale}
    for conditional, model in ((True, told), (False, untold)):
        cost = planned(conditional, **settings)
        assert cost == Cost(round(measured(model, **settings)), "exactly")
        weaker = settings | {"guide": "weaker"}
        count = measured(model, model, **weaker)
        assert planned(conditional, **weaker) == Cost(round(count), "exactly")


def test_cfgpp_costs_two_evaluations_at_one_and_one_at_zero(told: Checkpoint) -> None:
    for scale, evaluations in ((1.0, 6), (0.0, 3)):
        settings = {"steps": 3, "guidance": scale, "guidance_kind": "cfgpp"}
        assert planned(True, **settings) == Cost(evaluations, "exactly")
        assert measured(told, **settings) == evaluations


def test_within_an_interval_the_plan_is_an_upper_bound(told: Checkpoint) -> None:
    settings = {"steps": 4, "guidance": 2.0, "guidance_sigma_max": 2.0}
    assert planned(True, **settings) == Cost(8, "at most")
    assert measured(told, **settings) == 6
    assert planned(False, **settings) == Cost(4, "exactly")


@pytest.mark.parametrize("tolerance", [1e-1, 1e-2, 1e-3])
def test_adaptive_steps_are_estimated_within_a_factor_of_two(
    told: Checkpoint, tolerance: float
) -> None:
    settings = {"solver": "rk45", "tolerance": tolerance}
    cost, count = planned(True, **settings), measured(told, **settings)
    assert cost.certainty == "about"
    assert count / 2 < cost.evaluations < count * 2
    assert planned(True, **settings, guidance=2.0) == Cost(2 * cost.evaluations, "about")


def test_a_key_that_is_left_out_is_at_its_default() -> None:
    assert planned_cost({"steps": 7}, conditional=True) == Cost(7, "exactly")
