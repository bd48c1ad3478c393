"""Power-function averages of the weights, and any other length rebuilt from their snapshots.

Karras et al. 2024, "Analyzing and Improving the Training Dynamics of Diffusion Models",
section 3.1, 3.2 and appendix C. After step t the average of exponent γ is

    θ̂(t) = ∫₀ᵗ p(τ) θ(τ) dτ,   p(τ) = (γ + 1) τ^γ / t^{γ + 1},

where θ(τ) is the network after step ⌈τ⌉. Its length is σ_rel, the standard deviation of the
profile p in units of t. A snapshot keeps θ̂ of one γ at one t. Averaging is linear, so the
combination of snapshots whose profiles add up to nearly the wanted profile is nearly the
wanted average.
"""

import math

import numpy as np
from numpy.typing import NDArray
from torch import nn

from components.networks.ema import move

Array = NDArray[np.float64]

TRACKED = (0.05, 0.10)
"""σ_rel of the averages that training follows (Karras 2024, section 3.2)."""

LONGEST = 12**-0.5
"""σ_rel of γ = 0, the plain mean of all steps."""


def sigma_rel_of(gamma: float) -> float:
    """The length σ_rel of exponent γ ≥ 0 (Karras 2024, eq. 123)."""
    return math.sqrt((gamma + 1) / (gamma + 3)) / (gamma + 2)


def gamma_of(sigma_rel: float) -> float:
    """The exponent γ of the length σ_rel, the inverse of `sigma_rel_of` (Karras 2024, eq. 126).

    The largest real root of (γ + 2)² (γ + 3) = (γ + 1)/σ_rel².

    Raises:
        ValueError: not 0 < σ_rel < 12^{-1/2} ≈ 0.289.
    """
    if not 0 < sigma_rel < LONGEST:
        raise ValueError(f"σ_rel {sigma_rel} is not within (0, {LONGEST:.3f})")
    t = sigma_rel**-2
    return float(np.roots([1, 7, 16 - t, 12 - t]).real.max())


def decay(gamma: float, step: int) -> float:
    """β_γ(t) = (1 − 1/t)^{γ + 1} of step t ≥ 1: 0 at the first (Karras 2024, eq. 127).

    With it the average is the integral above without error: θ(k) gets the share
    (k^{γ + 1} − (k − 1)^{γ + 1}) / t^{γ + 1}.
    """
    return float((1 - 1 / step) ** (gamma + 1))


def update_power_ema(average: nn.Module, network: nn.Module, sigma_rel: float, step: int) -> None:
    """average ← β · average + (1 − β) · network, with the β of ``sigma_rel``.

    Args:
        step: optimiser steps taken, 1 after the first: then the average is the network.
    """
    move(average, network, 1 - decay(gamma_of(sigma_rel), step))


def inner_products(gammas_a: Array, steps_a: Array, gammas_b: Array, steps_b: Array) -> Array:
    """∫ p_a(τ) p_b(τ) dτ of profiles, in 1/steps; the arguments broadcast (Karras 2024, eq. 151).

    Written in ratios of steps, which neither overflow nor lose digits.
    """
    shorter = np.minimum(steps_a, steps_b)
    heights = (gammas_a + 1) / steps_a * (gammas_b + 1) / steps_b
    falls = (shorter / steps_a) ** gammas_a * (shorter / steps_b) ** gammas_b
    products: Array = heights * falls * shorter / (gammas_a + gammas_b + 1)
    return products


def posthoc_weights(gammas: Array, steps: Array, target_gamma: float, target_step: float) -> Array:
    """The share of each snapshot in the average of ``target_gamma`` after ``target_step``.

    The least-squares fit of the snapshots' profiles to the wanted one, A x = b with their inner
    products, scaled to the sum 1 (Karras 2024, algorithm 3). Some shares are negative.

    Args:
        gammas: (n,) the snapshots' exponents.
        steps: (n,) the steps after which they were taken, none twice with the same exponent.

    Returns:
        (n,), in the order of the snapshots.
    """
    a = inner_products(gammas[:, None], steps[:, None], gammas, steps)
    b = inner_products(gammas, steps, np.array(target_gamma), np.array(target_step))
    x = np.linalg.solve(a, b)
    shares: Array = x / x.sum()
    return shares


def profile_error(
    gammas: Array, steps: Array, shares: Array, target_gamma: float, target_step: float
) -> float:
    """‖Σ x_i p_i − p‖ / ‖p‖: how far the rebuilt profile is from the wanted one, p.

    The norm is that of L². Where the weights fluctuate from step to step without memory, this
    is the error of the rebuilt average in units of the fluctuation that the wanted one keeps.
    """
    a = inner_products(gammas[:, None], steps[:, None], gammas, steps)
    target = np.array(target_gamma), np.array(target_step)
    b = inner_products(gammas, steps, *target)
    norm = inner_products(*target, *target)
    squared = (shares @ a @ shares - 2 * shares @ b) / norm + 1
    return math.sqrt(max(0.0, float(squared)))
