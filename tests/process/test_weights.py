"""Each loss weight in the form that its own paper gives, for the targets that it names."""

import pytest
import torch
from torch import Tensor

from components.process.prediction import PREDICTIONS, preconditioned
from components.process.weights import LOSS_WEIGHTS, Constants, loss_weight
from tests.process.cases import CASES, schedule_of, trained_times

EVERY_WEIGHT = pytest.mark.parametrize("name", LOSS_WEIGHTS)
GAMMA = 3.0
LOGSNR = torch.linspace(-12, 12, 49, dtype=torch.float64)
SNR = LOGSNR.exp()


def preserving(name: str, kind: str) -> Tensor:
    """The weight on a variance-preserving process at every SNR."""
    alpha, sigma = torch.sigmoid(LOGSNR).sqrt(), torch.sigmoid(-LOGSNR).sqrt()
    return loss_weight(name, PREDICTIONS[kind], alpha, sigma, Constants(GAMMA))


def same(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_uniform_weighs_the_networks_own_target_by_one(kind: str) -> None:
    assert preserving("uniform", kind).tolist() == [1.0] * len(SNR)


def test_min_snr_is_hang_2023s() -> None:
    capped = SNR.clamp(max=GAMMA)
    same(preserving("min_snr", "x0"), capped)
    same(preserving("min_snr", "eps"), capped / SNR)
    same(preserving("min_snr", "v"), capped / (SNR + 1))


def test_p2_is_choi_2022s_on_eps() -> None:
    same(preserving("p2", "eps"), 1 / (1 + SNR) ** 1)


def test_truncated_snr_is_salimans_2022s() -> None:
    # the larger of the squared errors of x0 and of ε
    same(preserving("snr_trunc", "x0"), torch.maximum(SNR, torch.ones_like(SNR)))
    same(preserving("snr_trunc", "eps"), torch.maximum(1 / SNR, torch.ones_like(SNR)))


@pytest.mark.parametrize("sigma_data", [0.5, 1.3])
def test_edm_is_karras_2022s_and_weighs_f_by_one(sigma_data: float) -> None:
    level = SNR**-0.5
    constants = Constants(sigma_data=sigma_data)
    one = torch.ones_like(level)
    on_x0 = (level**2 + sigma_data**2) / (level * sigma_data) ** 2
    same(loss_weight("edm", PREDICTIONS["x0"], one, level, constants), on_x0)
    same(loss_weight("edm", preconditioned(sigma_data), one, level, constants), one)
    # the same on any process with that σ/α
    alpha, sigma = torch.sigmoid(LOGSNR).sqrt(), torch.sigmoid(-LOGSNR).sqrt()
    same(loss_weight("edm", preconditioned(sigma_data), alpha, sigma, constants), one)


@EVERY_WEIGHT
@pytest.mark.parametrize("kind", PREDICTIONS)
def test_weights_of_every_target_ask_the_same_of_x0(name: str, kind: str) -> None:
    if name == "uniform":
        return
    alpha, sigma = torch.sigmoid(LOGSNR).sqrt(), torch.sigmoid(-LOGSNR).sqrt()
    on_x0 = preserving(name, kind) * PREDICTIONS[kind].gain(alpha, sigma)
    same(on_x0, preserving(name, "x0"))


@EVERY_WEIGHT
@pytest.mark.parametrize("kind", PREDICTIONS)
def test_weights_are_finite_at_every_trained_time_of_every_schedule(name: str, kind: str) -> None:
    for case in CASES:
        schedule = schedule_of(case)
        t = trained_times(schedule)
        alpha, sigma = schedule.alpha(t), schedule.sigma(t)
        if kind == "eps":  # which cannot be trained where the SNR is 0
            alpha, sigma = alpha[alpha > 0], sigma[alpha > 0]
        weight = loss_weight(name, PREDICTIONS[kind], alpha, sigma)
        assert (weight.dtype, weight.shape) == (torch.float64, sigma.shape)
        assert bool(weight.isfinite().all()), case
        assert bool((weight > 0)[alpha > 0].all()), case
        assert bool((weight >= 0).all()), case
