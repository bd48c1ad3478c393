"""How much each noise level counts in the loss.

Papers state weights for different targets. Here each is a weight W on the squared error of x0;
the squared error of what the network predicts then weighs W / gain, with `Prediction.gain`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from components.process.prediction import SIGMA_DATA, Prediction


@dataclass(frozen=True)
class Constants:
    """What weights may depend on beside the SNR.

    Attributes:
        gamma: the largest weight of `min_snr`; 5 in its paper.
        sigma_data: the spread of the data in `edm`.
    """

    gamma: float = 5.0
    sigma_data: float = SIGMA_DATA


Weight = Callable[[Tensor, Constants], Tensor]
"""SNR = α²/σ² → W on the squared error of x0; finite at SNR 0."""


def min_snr(snr: Tensor, constants: Constants) -> Tensor:
    """W = min(SNR, γ) (Hang 2023): min(SNR, γ)/SNR on ε and min(SNR, γ)/(SNR + 1) on v of a
    variance-preserving process."""
    return snr.clamp(max=constants.gamma)


def p2(snr: Tensor, constants: Constants) -> Tensor:
    """W = SNR/(1 + SNR), which is 1/(k + SNR)^γ on ε with k = γ = 1 (Choi 2022, P2 weighting)."""
    return snr / (1 + snr)


def edm(snr: Tensor, constants: Constants) -> Tensor:
    """W = (σ̂² + σ_data²)/(σ̂ σ_data)² with σ̂ = σ/α (Karras 2022, table 1), which is
    SNR + 1/σ_data². The squared error of EDM's own F then weighs 1."""
    return snr + constants.sigma_data**-2


def snr_trunc(snr: Tensor, constants: Constants) -> Tensor:
    """W = max(SNR, 1) (Salimans, Ho 2022, section 4)."""
    return snr.clamp(min=1)


LOSS_WEIGHTS: dict[str, Weight | None] = {
    "uniform": None,  # 1 on the network's own target, whichever it is (Ho 2020, eq. 14)
    "min_snr": min_snr,
    "p2": p2,
    "edm": edm,
    "snr_trunc": snr_trunc,
}


def loss_weight(
    name: str,
    prediction: Prediction,
    alpha: Tensor,
    sigma: Tensor,
    constants: Constants = Constants(),  # noqa: B008 - frozen
) -> Tensor:
    """What the squared error of the network's own target is multiplied by, σ's shape and type.

    Finite for σ > 0; at zero SNR for every prediction but ε, whose error says nothing about x0
    there. `edm` and `snr_trunc` ask ε for 1/SNR at little signal: choose another prediction.

    Args:
        name: a key of `LOSS_WEIGHTS`.
        alpha, sigma: of each row's time, float64.
    """
    weight = LOSS_WEIGHTS[name]
    if weight is None:
        return torch.ones_like(sigma)
    return weight((alpha / sigma) ** 2, constants) / prediction.gain(alpha, sigma)
