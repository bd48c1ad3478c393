"""Offset noise and input perturbation: how much of what is added to ε."""

import math

import pytest
import torch

from components.process.noise import perturbed, with_offset

SHAPE = (3000, 3, 4, 4)


def generator(seed: int = 7) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("spread", [0.1, 0.7])
def test_an_offset_is_one_normal_number_for_each_sample_and_channel(spread: float) -> None:
    eps = torch.randn(SHAPE, generator=generator(0))
    added = with_offset(eps, spread, generator()) - eps
    mean = added.mean((2, 3))
    torch.testing.assert_close(added, mean[..., None, None].expand(SHAPE), rtol=0, atol=1e-6)
    assert mean.std().item() == pytest.approx(spread, rel=4 / math.sqrt(2 * mean.numel()))
    assert abs(mean.mean().item()) < 4 * spread / math.sqrt(mean.numel())
    correlation = torch.corrcoef(mean.T) - torch.eye(3)
    assert correlation.abs().max() < 4 / math.sqrt(SHAPE[0])


@pytest.mark.parametrize("spread", [0.1, 0.7])
def test_a_perturbation_is_independent_normal_noise_everywhere(spread: float) -> None:
    eps = torch.randn(SHAPE, generator=generator(0))
    added = perturbed(eps, spread, generator()) - eps
    n = added.numel()
    assert added.std().item() == pytest.approx(spread, rel=4 / math.sqrt(2 * n))
    assert abs(added.mean().item()) < 4 * spread / math.sqrt(n)
    pixels = torch.corrcoef(added.flatten(1).T) - torch.eye(48)
    assert pixels.abs().max() < 5 / math.sqrt(SHAPE[0])
    assert torch.corrcoef(torch.stack([added, eps]).flatten(1))[0, 1].abs() < 4 / math.sqrt(n)


@pytest.mark.parametrize("function", [with_offset, perturbed])
def test_no_spread_changes_nothing_and_draws_nothing(function: object) -> None:
    eps, used, fresh = torch.randn(2, 3, 4, 4), generator(), generator()
    assert function(eps, 0.0, used) is eps  # type: ignore[operator]
    assert torch.equal(torch.rand(4, generator=used), torch.rand(4, generator=fresh))
