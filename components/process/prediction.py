"""What a network predicts, and how (x0, ε) and the score follow from it.

With x_t = α x0 + σ ε, each of ε, x0, v = α ε − σ x0, the flow ε − x0 and EDM's F determines
the other ones wherever its coefficients allow. ε alone cannot give x0 where α = 0 (zero
terminal SNR), the others can.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

SIGMA_DATA = 0.5  # spread of images within [−1, 1] (Karras 2022, table 1)


@dataclass(frozen=True)
class Prediction:
    """One parametrisation.

    Attributes:
        target: (x0, ε, α, σ) → what the network is trained to give.
        split: (network output, x_t, α, σ) → (x0, ε).
        gain: (α, σ) → g with ‖error of the output‖² = g ‖error of x0‖², by which loss weights
            written for x0 turn into weights of this target.
        scale: (α, σ) → what x_t is multiplied by before the network sees it.

    All tensors have x's shape (batch, channel, height, width) or broadcast to it.
    """

    target: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    split: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
    gain: Callable[[Tensor, Tensor], Tensor]
    scale: Callable[[Tensor, Tensor], Tensor]


def unit_variance(alpha: Tensor, sigma: Tensor) -> Tensor:
    """1/√(α² + σ²) where that is less than 1: networks see no input far above unit variance.

    1 for variance-preserving processes and the straight path; for EDM's σ as in diffusers.
    """
    return (alpha**2 + sigma**2).clamp(min=1).rsqrt()


def _split_eps(eps: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    return (x - sigma * eps) / alpha, eps


def _split_x0(x0: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    return x0, (x - alpha * x0) / sigma


def _split_v(v: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    total = alpha**2 + sigma**2
    return (alpha * x - sigma * v) / total, (sigma * x + alpha * v) / total


def _split_flow(flow: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    total = alpha + sigma
    return (x - sigma * flow) / total, (x + alpha * flow) / total


def preconditioned(sigma_data: float = SIGMA_DATA) -> Prediction:
    """EDM's F with x0 = c_skip x + c_out F, the network fed c_in x (Karras 2022, eq. 7).

    Written for x_t = α x0 + σ ε instead of x0 + σ ε: the paper's x is x_t/α, its σ is σ/α.
    """

    def spread(alpha: Tensor, sigma: Tensor) -> Tensor:
        return (sigma**2 + alpha**2 * sigma_data**2).sqrt()

    def skip(alpha: Tensor, sigma: Tensor) -> Tensor:
        return alpha * sigma_data**2 / spread(alpha, sigma) ** 2

    def out(alpha: Tensor, sigma: Tensor) -> Tensor:
        return sigma * sigma_data / spread(alpha, sigma)

    def target(x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        # (x0 − c_skip x_t)/c_out with x_t put in: free of the division by σ
        return (sigma * x0 - alpha * sigma_data**2 * eps) / (sigma_data * spread(alpha, sigma))

    def split(f: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        x0 = skip(alpha, sigma) * x + out(alpha, sigma) * f
        # (x − α x0)/σ, likewise
        eps = sigma / spread(alpha, sigma) ** 2 * x - alpha * sigma_data / spread(alpha, sigma) * f
        return x0, eps

    return Prediction(
        target,
        split,
        gain=lambda alpha, sigma: out(alpha, sigma) ** -2,
        scale=lambda alpha, sigma: 1 / spread(alpha, sigma),
    )


PREDICTIONS: dict[str, Prediction] = {
    "eps": Prediction(
        lambda x0, eps, alpha, sigma: eps,
        _split_eps,
        gain=lambda alpha, sigma: (alpha / sigma) ** 2,
        scale=unit_variance,
    ),
    "x0": Prediction(
        lambda x0, eps, alpha, sigma: x0,
        _split_x0,
        gain=lambda alpha, sigma: alpha**0 * sigma**0,
        scale=unit_variance,
    ),
    "v": Prediction(  # Salimans, Ho 2022, section 4 and appendix D
        lambda x0, eps, alpha, sigma: alpha * eps - sigma * x0,
        _split_v,
        gain=lambda alpha, sigma: ((alpha**2 + sigma**2) / sigma) ** 2,
        scale=unit_variance,
    ),
    "flow": Prediction(  # Liu, Gong, Liu 2022, eq. 1
        lambda x0, eps, alpha, sigma: eps - x0,
        _split_flow,
        gain=lambda alpha, sigma: ((alpha + sigma) / sigma) ** 2,
        scale=unit_variance,
    ),
    "edm": preconditioned(),
}

OPTIONED: dict[str, Callable[[Mapping[str, Any]], Prediction]] = {
    "edm": lambda process: preconditioned(process.get("sigma_data", SIGMA_DATA)),
}
"""Those that read more of a ``process`` section than their name."""


def build_prediction(process: Mapping[str, Any]) -> Prediction:
    """The prediction of a ``process`` section."""
    name = process["prediction"]
    own = OPTIONED.get(name)
    return own(process) if own else PREDICTIONS[name]


def score(eps: Tensor, sigma: Tensor) -> Tensor:
    """∇ log p_t(x_t) = −ε/σ for ε = E[ε | x_t] (Song 2021, eq. 9; Ho 2020, section 3.2)."""
    return -eps / sigma
