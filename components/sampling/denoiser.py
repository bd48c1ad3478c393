"""The one contract that solvers know: x_t → (x0, ε)."""

from collections.abc import Callable

from torch import Tensor

from components.process.diffuse import coefficients
from components.process.prediction import Prediction
from components.process.schedules import Schedule
from components.sampling.guidance import Predict

Denoise = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(x (batch, channel, height, width), t (batch,)) → (x0, ε), each of x's shape."""


def denoiser(
    predict: Predict, schedule: Schedule, prediction: Prediction, *, clip: bool = False
) -> Denoise:
    """Turn a network's prediction into (x0, ε).

    Args:
        clip: hold x0 within [−1, 1], the range of pixels, and let ε follow from it, so that
            the pair still makes up x_t (Ho 2020's code; Ho, Salimans 2022 rely on it for
            strong guidance). Latents are not bounded: leave it off there.
    """

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(schedule, t, x)
        output = predict(prediction.scale(alpha, sigma) * x, t)
        x0, eps = prediction.split(output, x, alpha, sigma)
        if clip:
            x0 = x0.clamp(-1, 1)
            eps = (x - alpha * x0) / sigma
        return x0, eps

    return denoise
