"""What a network predicts, and how (x0, ε) follow from it.

With α² + σ² = 1 and x_t = α x0 + σ ε, each of ε, x0 and v = α ε − σ x0 determines the other
two (Salimans, Ho 2022, section 4 and appendix D).
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Convert = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Prediction:
    """One parametrisation.

    Attributes:
        target: (x0, ε, α, σ) → what the network is trained to give.
        split: (network output, x_t, α, σ) → (x0, ε).

    All tensors have x's shape (batch, channel, height, width) or broadcast to it.
    """

    target: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    split: Convert


def _split_eps(eps: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    return (x - sigma * eps) / alpha, eps


def _split_x0(x0: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    return x0, (x - alpha * x0) / sigma


def _split_v(v: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    return alpha * x - sigma * v, sigma * x + alpha * v


PREDICTIONS: dict[str, Prediction] = {
    "eps": Prediction(lambda x0, eps, alpha, sigma: eps, _split_eps),
    "x0": Prediction(lambda x0, eps, alpha, sigma: x0, _split_x0),
    "v": Prediction(lambda x0, eps, alpha, sigma: alpha * eps - sigma * x0, _split_v),
}
