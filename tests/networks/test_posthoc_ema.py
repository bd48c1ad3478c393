"""Power-function averages: their laws, and closed forms against numerical integration."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from components.networks.ema import copy_for_ema
from components.networks.posthoc_ema import (
    LONGEST,
    TRACKED,
    decay,
    gamma_of,
    inner_products,
    posthoc_weights,
    profile_error,
    sigma_rel_of,
    update_power_ema,
)

SIGMA_RELS = (0.01, 0.03, 0.05, 0.10, 0.17, 0.25, 0.28)


def profile(gamma: float, step: float, tau: np.ndarray) -> np.ndarray:
    return np.where(tau <= step, (gamma + 1) * tau**gamma / step ** (gamma + 1), 0.0)


def midpoints(end: float, count: int = 400_000) -> tuple[np.ndarray, float]:
    return (np.arange(count) + 0.5) * end / count, end / count


def snapshots(count: int, end: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    steps = np.arange(1, count + 1) * end / count
    return np.repeat([gamma_of(s) for s in TRACKED], count), np.tile(steps, len(TRACKED))


@given(st.floats(0.005, 0.2886))
def test_gamma_and_sigma_rel_are_inverse(sigma_rel: float) -> None:
    assert sigma_rel_of(gamma_of(sigma_rel)) == pytest.approx(sigma_rel, rel=1e-10)


@given(st.floats(0.001, 500))
def test_sigma_rel_and_gamma_are_inverse(gamma: float) -> None:
    assert gamma_of(sigma_rel_of(gamma)) == pytest.approx(gamma, rel=1e-6)


@pytest.mark.parametrize(("sigma_rel", "gamma"), [(0.05, 16.97), (0.10, 6.94)])
def test_the_tracked_lengths_have_the_exponents_of_the_paper(
    sigma_rel: float, gamma: float
) -> None:
    assert sigma_rel in TRACKED
    assert gamma_of(sigma_rel) == pytest.approx(gamma, abs=0.005)


@pytest.mark.parametrize("sigma_rel", SIGMA_RELS)
def test_sigma_rel_is_the_standard_deviation_of_the_profile(sigma_rel: float) -> None:
    tau, width = midpoints(3.0)
    weight = profile(gamma_of(sigma_rel), 3.0, tau) * width
    mean = weight @ tau
    assert weight.sum() == pytest.approx(1, rel=1e-6)
    assert math.sqrt(weight @ (tau - mean) ** 2) / 3.0 == pytest.approx(sigma_rel, rel=1e-5)


@pytest.mark.parametrize("sigma_rel", [-0.1, 0.0, LONGEST, 0.5])
def test_a_length_that_no_power_has_is_refused(sigma_rel: float) -> None:
    with pytest.raises(ValueError, match="is not within"):
        gamma_of(sigma_rel)


@pytest.mark.parametrize("sigma_rel", [0.03, 0.10, 0.25])
def test_decays_give_every_step_the_share_that_the_profile_has_over_it(sigma_rel: float) -> None:
    gamma, last = gamma_of(sigma_rel), 40
    for step in range(1, last + 1):
        later = math.prod(decay(gamma, k) for k in range(step + 1, last + 1))
        share = (1 - decay(gamma, step)) * later
        exact = (step / last) ** (gamma + 1) - ((step - 1) / last) ** (gamma + 1)
        assert share == pytest.approx(exact, rel=1e-9, abs=1e-300)


def test_the_moved_average_is_the_integral_of_profile_and_weights() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    average = copy_for_ema(network)
    path = []
    for step in range(1, 31):
        with torch.no_grad():
            network[0].weight.add_(torch.randn(2, 3, generator=torch.Generator().manual_seed(step)))
            network[1].running_mean.fill_(step)
        update_power_ema(average, network, 0.15, step)
        path.append(network[0].weight.detach().double().clone())
    edges = (np.arange(31) / 30) ** (gamma_of(0.15) + 1)
    expected = sum(share * weight for share, weight in zip(np.diff(edges), path, strict=True))
    torch.testing.assert_close(average[0].weight.double(), expected, rtol=1e-5, atol=1e-6)
    assert average[1].running_mean.tolist() == [30, 30]


def test_the_first_step_forgets_the_weights_from_before() -> None:
    network = nn.Linear(2, 2)
    average = copy_for_ema(network)
    with torch.no_grad():
        network.weight.mul_(-3)
    update_power_ema(average, network, 0.10, 1)
    assert torch.equal(average.weight, network.weight)


@pytest.mark.parametrize("a", [(0.05, 1.0), (0.10, 0.3), (0.25, 2.0)])
@pytest.mark.parametrize("b", [(0.02, 2.0), (0.05, 0.3), (0.20, 1.0)])
def test_inner_products_agree_with_numerical_integration(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    (gamma_a, step_a), (gamma_b, step_b) = (gamma_of(a[0]), a[1]), (gamma_of(b[0]), b[1])
    end = min(step_a, step_b)
    tau, width = midpoints(end)
    numeric = profile(gamma_a, step_a, tau) @ profile(gamma_b, step_b, tau) * width
    arrays = (np.array(v) for v in (gamma_a, step_a, gamma_b, step_b))
    assert float(inner_products(*arrays)) == pytest.approx(numeric, rel=1e-6)


def test_inner_products_of_long_runs_do_not_overflow() -> None:
    gamma, step = np.array(gamma_of(0.01)), np.array(1e7)
    assert float(inner_products(gamma, step, gamma, step)) * 1e7 == pytest.approx(
        (gamma + 1) ** 2 / (2 * gamma + 1), rel=1e-12
    )


@pytest.mark.parametrize("count", [1, 2, 10, 100, 400])
@pytest.mark.parametrize("sigma_rel", [0.03, 0.07, 0.25])
def test_the_weights_of_the_snapshots_sum_to_one(count: int, sigma_rel: float) -> None:
    weights = posthoc_weights(*snapshots(count), gamma_of(sigma_rel), 1.0)
    assert weights.shape == (2 * count,)
    assert weights.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("index", [0, 3, 9, 15, 19])
def test_a_length_that_was_tracked_is_its_own_snapshot(index: int) -> None:
    gammas, steps = snapshots(10, 500)
    weights = posthoc_weights(gammas, steps, gammas[index], steps[index])
    np.testing.assert_allclose(weights, np.eye(20)[index], atol=1e-9)


def test_the_unit_of_time_does_not_matter() -> None:
    gamma = gamma_of(0.15)
    small = posthoc_weights(*snapshots(10), gamma, 1.0)
    large = posthoc_weights(*snapshots(10, 1e6), gamma, 1e6)
    np.testing.assert_allclose(small, large, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("count", "sigma_rel"), [(3, 0.03), (10, 0.03), (10, 0.20), (20, 0.07)])
def test_the_profile_error_agrees_with_numerical_integration(count: int, sigma_rel: float) -> None:
    gammas, steps = snapshots(count)
    target = gamma_of(sigma_rel)
    weights = posthoc_weights(gammas, steps, target, 1.0)
    tau, _ = midpoints(1.0, 100_000)
    parts = zip(weights, gammas, steps, strict=True)
    rebuilt = sum(x * profile(gamma, step, tau) for x, gamma, step in parts)
    wanted = profile(target, 1.0, tau)
    numeric = np.linalg.norm(rebuilt - wanted) / np.linalg.norm(wanted)
    error = profile_error(gammas, steps, weights, target, 1.0)
    assert error == pytest.approx(numeric, rel=1e-3)


def test_no_other_weights_with_their_sum_come_nearer_to_the_profile() -> None:
    gammas, steps = snapshots(4)
    target = gamma_of(0.2)
    best = posthoc_weights(gammas, steps, target, 1.0)
    error = profile_error(gammas, steps, best, target, 1.0)
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = best + rng.normal(0, 0.05, 8)
        assert profile_error(gammas, steps, other / other.sum(), target, 1.0) > error


@pytest.mark.parametrize("sigma_rel", [0.03, 0.07, 0.15, 0.20])
def test_more_snapshots_come_nearer_to_the_profile(sigma_rel: float) -> None:
    target = gamma_of(sigma_rel)
    errors = []
    for count in (2, 5, 10, 20, 40):
        gammas, steps = snapshots(count)
        weights = posthoc_weights(gammas, steps, target, 1.0)
        errors.append(profile_error(gammas, steps, weights, target, 1.0))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.02
