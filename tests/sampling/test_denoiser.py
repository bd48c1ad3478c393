"""The denoiser's pair: what clipping does to it."""

import torch

from components.process.diffuse import coefficients
from components.process.prediction import PREDICTIONS
from components.process.schedules import build_schedule
from components.sampling.denoiser import denoiser

SCHEDULE = build_schedule({"schedule": "cosine", "steps": 1000})


def test_clipping_holds_x0_and_keeps_the_pair_consistent() -> None:
    x = torch.full((1, 1, 4, 4), 2.0)
    t = torch.tensor([0.3], dtype=torch.float64)
    denoise = denoiser(lambda x, t: torch.zeros_like(x), SCHEDULE, PREDICTIONS["eps"], clip=True)
    x0, eps = denoise(x, t)
    alpha, sigma = coefficients(SCHEDULE, t, x)
    assert x0.max() == 1
    torch.testing.assert_close(alpha * x0 + sigma * eps, x)
