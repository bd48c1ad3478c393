"""Data whose exact denoiser is known: what a perfect network would give."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from components.process.schedules import Schedule
from components.sampling.denoiser import Denoise
from components.sampling.times import Times


@dataclass(frozen=True)
class Marginal:
    """The components at one time: what is the same of all images, in their dtype.

    Attributes:
        means: μ (component, d, 1).
        shifted: α μ, likewise.
        inverse: C⁻¹ (component, d, d), C = α² Σ + σ² I.
        gain: α Σ, likewise.
        constant: log weight − log √|C| (component, 1).
        sigma: σ.
    """

    means: Tensor
    shifted: Tensor
    inverse: Tensor
    gain: Tensor
    constant: Tensor
    sigma: float


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians over images of (1, 1, d) pixels; one component is Gaussian data.

    Attributes:
        weights: (component,), their sum 1.
        means: (component, d).
        covariances: (component, d, d).
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor

    @property
    def mean(self) -> Tensor:
        """(d,)."""
        return self.weights @ self.means

    @property
    def covariance(self) -> Tensor:
        """(d, d): within the components and between their means."""
        within = torch.einsum("k,kde->de", self.weights, self.covariances)
        apart = self.means - self.mean
        return within + torch.einsum("k,kd,ke->de", self.weights, apart, apart)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, 1, 1, d), float32."""
        which = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        roots = torch.linalg.cholesky(self.covariances)
        z = torch.randn(count, self.means.shape[1], dtype=torch.float64, generator=generator)
        x = self.means[which] + torch.einsum("nde,ne->nd", roots[which], z)
        return x.float()[:, None, None]

    def shares(self, x: Tensor) -> Tensor:
        """Posterior probability of each component given an image x0, (component, batch)."""
        return _posterior(x, self._marginal(1.0, 0.0, x.dtype))[2]

    def denoiser(self, schedule: Schedule) -> Denoise:
        """E[x0 | x_t] and E[ε | x_t], for rows that are all at one time.

        A component with C = α² Σ + σ² I has x0 = μ + α Σ C⁻¹ (x_t − α μ) and
        ε = σ C⁻¹ (x_t − α μ); the components count by their posterior probability.
        """

        @cache  # an inversion asks fifty times at one time
        def marginal(t: float, dtype: torch.dtype) -> Marginal:
            time = torch.tensor(t, dtype=torch.float64)
            return self._marginal(float(schedule.alpha(time)), float(schedule.sigma(time)), dtype)

        def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
            assert bool((t == t[0]).all())
            x0, eps, share = _posterior(x, marginal(float(t[0]), x.dtype))
            x0, eps = (torch.einsum("kn,kdn->nd", share, each) for each in (x0, eps))
            return x0.reshape(x.shape), eps.reshape(x.shape)

        return denoise

    def _marginal(self, alpha: float, sigma: float, dtype: torch.dtype) -> Marginal:
        noise = sigma**2 * torch.eye(self.means.shape[1], dtype=torch.float64)
        covariances = alpha**2 * self.covariances + noise
        constant = self.weights.log() - torch.logdet(covariances) / 2
        return Marginal(
            self.means.to(dtype)[..., None],
            (alpha * self.means).to(dtype)[..., None],
            torch.linalg.inv(covariances).to(dtype),
            (alpha * self.covariances).to(dtype),
            constant.to(dtype)[:, None],
            sigma,
        )


def _posterior(x: Tensor, at: Marginal) -> tuple[Tensor, Tensor, Tensor]:
    """Each component's x0 and ε (component, d, batch) and probability (component, batch)."""
    apart = x.view(len(x), -1).T - at.shifted
    whitened = at.inverse @ apart
    likelihood = at.constant - (apart * whitened).sum(1) / 2
    return at.means + at.gain @ whitened, at.sigma * whitened, torch.softmax(likelihood, 0)


def mixture(
    weights: Sequence[float],
    means: Sequence[Sequence[float]],
    covariances: Sequence[Sequence[Sequence[float]]],
) -> Mixture:
    """The same from numbers."""
    double = torch.float64
    return Mixture(
        torch.tensor(weights, dtype=double),
        torch.tensor(means, dtype=double),
        torch.tensor(covariances, dtype=double),
    )


GAUSSIAN = mixture([1.0], [[0.8, -0.4]], [[[1.44, 0.72], [0.72, 0.64]]])
"""Correlated by 0.75."""

TWO_MODES = mixture(
    [0.35, 0.65],
    [[-1.2, -0.8], [0.9, 0.6]],
    [[[0.24, 0.12], [0.12, 0.16]], [[0.2, -0.08], [-0.08, 0.24]]],
)
"""Apart by five of their own deviations, each with a correlation of its own."""


def level_grid(schedule: Schedule, high: float, low: float, steps: int) -> Times:
    """``steps`` times at equal steps of log σ/α from ``high`` to ``low``, then the clean image."""
    levels = torch.linspace(math.log(high), math.log(low), steps, dtype=torch.float64).exp()
    t = schedule.time_of_noise_level(levels)
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    return Times(
        torch.cat([t, zero]),
        torch.cat([schedule.alpha(t), one]),
        torch.cat([schedule.sigma(t), zero]),
        schedule,
    )
