"""The one contract that solvers know: x_t → (x0, ε)."""

from collections.abc import Callable

from torch import Tensor

from components.process.prediction import Prediction
from components.process.schedules import Schedule
from components.sampling.network import Predict
from components.sampling.reading import Pair, Reading

Denoise = Callable[[Tensor, Tensor], Pair]
"""(x (batch, channel, height, width), t (batch,)) → (x0, ε), each of x's shape."""


def denoiser(
    predict: Predict, schedule: Schedule, prediction: Prediction, *, clip: bool = False
) -> Denoise:
    """Turn a network's prediction into (x0, ε); `guided_denoiser` does so with guidance.

    Args:
        clip: hold x0 within the range of pixels, as `Reading` says.
    """

    def denoise(x: Tensor, t: Tensor) -> Pair:
        reading = Reading.at(x, t, schedule, prediction, clip)
        return reading.pair(predict(reading.network_input, t))

    return denoise
