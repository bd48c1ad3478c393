"""The score that any prediction gives is the gradient of the log-density, where that is known."""

import pytest
import torch
from torch import Tensor

from components.process.diffuse import coefficients
from components.process.prediction import PREDICTIONS, score
from tests.process.cases import CASES, schedule_of, trained_times

MEANS = torch.tensor([[-0.8, 0.3], [0.5, 0.6], [0.1, -0.7]], dtype=torch.float64)
SPREADS = torch.tensor([0.15, 0.4, 0.05], dtype=torch.float64)
SHARES = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
"""A mixture of isotropic Gaussians in the plane."""


def log_density(x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """log p_t(x) of the mixture diffused to (α, σ); x: (n, 2), the others (n, 1)."""
    variance = alpha**2 * SPREADS**2 + sigma**2
    squares = ((x[:, None] - alpha[..., None] * MEANS) ** 2).sum(-1)
    return torch.logsumexp(SHARES.log() - variance.log() - squares / (2 * variance), dim=1)


def posterior_mean(x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """(E[x0 | x_t], E[ε | x_t]) of the mixture: what perfect networks know."""
    variance = alpha**2 * SPREADS**2 + sigma**2
    away = x[:, None] - alpha[..., None] * MEANS
    logits = SHARES.log() - variance.log() - (away**2).sum(-1) / (2 * variance)
    of_component = torch.softmax(logits, dim=1)[..., None]
    x0 = MEANS + (alpha * SPREADS**2 / variance)[..., None] * away
    eps = (sigma / variance)[..., None] * away
    return (of_component * x0).sum(1), (of_component * eps).sum(1)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", PREDICTIONS)
def test_the_score_is_the_gradient_of_the_log_density(case: str, kind: str) -> None:
    schedule = schedule_of(case)
    t = trained_times(schedule)
    if kind == "eps":  # no x0 at zero SNR, but the score is there
        t = t[schedule.alpha(t) > 0]
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(len(t), 2, generator=generator, dtype=torch.float64)
    alpha, sigma = coefficients(schedule, t, noise)
    x = (alpha * MEANS[torch.arange(len(t)) % 3] + 1.2 * sigma * noise).requires_grad_()
    (expected,) = torch.autograd.grad(log_density(x, alpha, sigma).sum(), x)
    x = x.detach()
    x0, eps = posterior_mean(x, alpha, sigma)
    output = PREDICTIONS[kind].target(x0, eps, alpha, sigma)
    _, said = PREDICTIONS[kind].split(output, x, alpha, sigma)
    torch.testing.assert_close(said, eps, rtol=0, atol=1e-12)
    torch.testing.assert_close(score(said, sigma) * sigma, expected * sigma, rtol=1e-9, atol=1e-9)


def test_the_score_of_one_gaussian_is_linear() -> None:
    schedule = schedule_of("cosine")
    t = trained_times(schedule)
    mean, spread = 0.4, 0.3
    x = torch.linspace(-2, 2, len(t), dtype=torch.float64)
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    variance = alpha**2 * spread**2 + sigma**2
    eps = sigma * (x - alpha * mean) / variance
    torch.testing.assert_close(
        score(eps, sigma), -(x - alpha * mean) / variance, rtol=1e-12, atol=0
    )
