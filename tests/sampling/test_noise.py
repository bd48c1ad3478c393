"""Noise belongs to a seed and a step."""

import pytest
import torch

from components.sampling.noise import seeded_noise

SHAPE = (1, 4, 4)


def test_the_noise_of_a_step_does_not_depend_on_the_steps_before() -> None:
    noise = seeded_noise([4, 9], SHAPE)
    late = noise(3)
    noise(0)
    torch.testing.assert_close(noise(3), late, rtol=0, atol=0)
    assert not torch.equal(noise(3), noise(2))
    assert not torch.equal(noise(-1)[0], noise(-1)[1])


def test_neighbouring_seeds_and_steps_give_uncorrelated_normal_noise() -> None:
    rows = torch.stack([seeded_noise(range(64), (1, 16, 16))(i).flatten() for i in range(16)])
    assert rows.mean().abs() < 4 / rows.numel() ** 0.5
    assert rows.std().item() == pytest.approx(1, abs=0.01)
    correlation = torch.corrcoef(rows) - torch.eye(16)
    assert correlation.abs().max() < 5 / rows.shape[1] ** 0.5
