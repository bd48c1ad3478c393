"""Our tables of ᾱ against diffusers' and against the papers' own formulas."""

import math

import pytest
import torch
from diffusers import DDPMScheduler
from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr
from diffusers.training_utils import compute_snr
from torch import Tensor

from components.process.prediction import PREDICTIONS
from components.process.schedules import Schedule, build_schedule
from components.process.weights import Constants, loss_weight
from tests.process.cases import DISCRETE_CASES, schedule_of, section

DIFFUSERS = {
    "linear": {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
    "scaled_linear": {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    "cosine": {"beta_schedule": "squaredcos_cap_v2"},
}


def bars_of(schedule: Schedule) -> Tensor:
    assert schedule.alphas_cumprod is not None
    return schedule.alphas_cumprod


def betas_of(schedule: Schedule) -> Tensor:
    bars = bars_of(schedule)
    return 1 - bars / torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])


@pytest.mark.parametrize("name", DIFFUSERS)
def test_tables_are_those_of_diffusers(name: str) -> None:
    theirs = DDPMScheduler(num_train_timesteps=1000, **DIFFUSERS[name])
    ours = build_schedule(section(name))
    # theirs are float32: each 1 − β is rounded to 6e-8, and a thousand of them are multiplied
    torch.testing.assert_close(betas_of(ours), theirs.betas.double(), rtol=1e-6, atol=0)
    torch.testing.assert_close(bars_of(ours), theirs.alphas_cumprod.double(), rtol=5e-5, atol=0)


@pytest.mark.parametrize("name", DIFFUSERS)
def test_zero_terminal_snr_tables_are_those_of_diffusers(name: str) -> None:
    theirs = DDPMScheduler(1000, rescale_betas_zero_snr=True, **DIFFUSERS[name])
    ours = bars_of(build_schedule(section(name, zero_terminal_snr=True)))
    torch.testing.assert_close(ours[:-1], theirs.alphas_cumprod[:-1].double(), rtol=1e-4, atol=0)
    assert (ours[-1], theirs.alphas_cumprod[-1]) == (0, 0)


@pytest.mark.parametrize(
    "case", [case for case in DISCRETE_CASES if "zero" not in case and "ends at 0" not in case]
)
def test_the_rescale_is_lin_2023s_as_diffusers_computes_it(case: str) -> None:
    plain = schedule_of(case)
    values = section(plain.name, steps=plain.steps, zero_terminal_snr=True)
    if "shift" in case:
        values["snr_shift"] = float(case.split()[-1])
    # given float64, diffusers' function stays in it
    expected = torch.cumprod(1 - rescale_zero_terminal_snr(betas_of(plain)), 0)
    torch.testing.assert_close(bars_of(build_schedule(values)), expected, rtol=1e-9, atol=1e-14)


def test_linear_is_ho_2020s_product() -> None:
    bar = 1.0
    for i, ours in enumerate(bars_of(build_schedule(section("linear"))).tolist()):
        bar *= 1 - (1e-4 + (0.02 - 1e-4) * i / 999)
        assert ours == pytest.approx(bar, rel=1e-12)


def test_cosine_is_nichol_2021s_equation_17_where_beta_is_not_clipped() -> None:
    def f(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    bars = bars_of(build_schedule(section("cosine"))).tolist()
    for i in range(1, 999):
        assert bars[i - 1] == pytest.approx(f(i / 1000) / f(0), rel=1e-9)
    assert bars[-1] == pytest.approx(bars[-2] * 0.001, rel=1e-12)


def test_sigmoid_is_jabri_2022s_algorithm_where_beta_is_not_clipped() -> None:
    def curve(t: float, start: float = -3.0, end: float = 3.0, tau: float = 1.0) -> float:
        v_start, v_end = (1 / (1 + math.exp(-v / tau)) for v in (start, end))
        output = 1 / (1 + math.exp(-(t * (end - start) + start) / tau))
        return (v_end - output) / (v_end - v_start)

    bars = bars_of(build_schedule(section("sigmoid"))).tolist()
    for i in range(1, 1000):
        assert bars[i - 1] == pytest.approx(curve(i / 1000), rel=1e-9)
    assert bars[-1] == pytest.approx(bars[-2] * 0.001, rel=1e-12)


@pytest.mark.parametrize(("kind", "more"), [("eps", 0), ("v", 1)])
def test_min_snr_weights_are_those_of_diffusers_training_recipe(kind: str, more: int) -> None:
    # examples/text_to_image: min(SNR, γ) over SNR for ε, over SNR + 1 for v
    scheduler = DDPMScheduler(1000, **DIFFUSERS["scaled_linear"])
    snr = compute_snr(scheduler, torch.arange(1000))
    expected = torch.stack([snr, torch.full_like(snr, 5.0)], dim=1).min(dim=1)[0] / (snr + more)
    schedule = build_schedule(section("scaled_linear"))
    t = torch.arange(1, 1001) / 1000
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    ours = loss_weight("min_snr", PREDICTIONS[kind], alpha, sigma, Constants(gamma=5.0))
    # float32 again: theirs differs where 1 − ᾱ is small
    torch.testing.assert_close(ours, expected.double(), rtol=2e-4, atol=0)
