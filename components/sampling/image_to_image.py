"""Image to image by noise and back (SDEdit, Meng et al. 2021)."""

import math
from typing import Any

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers import Solver
from components.sampling.solvers.steps import Callback
from components.sampling.times import Times


def image_to_image(
    solver: Solver,
    denoise: Denoise,
    image: Tensor,
    times: Times,
    *,
    strength: float,
    noise: Noise,
    callback: Callback | None = None,
    **options: Any,
) -> Tensor:
    """Give ``image`` noise, then solve back: x_t = α_t image + σ_t ε at the time where
    ⌊strength · steps⌋ steps are left (Meng et al. 2021, algorithm 1).

    What the noise hides at that level is drawn anew, what it leaves is kept: strength 0 is the
    image itself, strength 1 keeps nothing but what the process's last time still shows.

    Args:
        image: (batch, channel, height, width), within [−1, 1].
        strength: within [0, 1].
        noise: ``noise(-1)`` is ε, the others are the solver's.
        options: the solver's.

    Raises:
        ValueError: ``strength`` lies outside [0, 1].
    """
    left = steps_left(times.steps, strength)
    if left == 0:
        return image
    rest = times.from_step(times.steps - left)
    start = float(rest.alpha[0]) * image + float(rest.sigma[0]) * noise(-1)
    return solver(denoise, start, rest, noise=noise, callback=callback, **options)


def steps_left(steps: int, strength: float) -> int:
    """⌊strength · steps⌋: how many steps of the grid ``strength`` asks for."""
    if not 0 <= strength <= 1:
        raise ValueError(f"strength {strength} lies outside [0, 1]")
    return math.floor(strength * steps + 1e-9)  # 0.29 · 100 is a little less than 29
