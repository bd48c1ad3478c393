"""Classifier-free guidance."""

from torch import Tensor

from components.sampling.guidance.guidance import Guidance, Side
from components.sampling.reading import Pair, Reading


def cfg(strong: Tensor, weak: Tensor, reading: Reading, guidance: Guidance) -> Pair:
    """weak + scale · (strong − weak) of the network's outputs, read as (x0, ε)
    (Ho, Salimans 2022, eq. 6, with scale = 1 + w).

    Every conversion is linear in the output, so that ε, x0 and v guided alike give the same
    images; only the rescale depends on which of them the network predicts, as in its paper.
    """
    guided = weak + guidance.scale * (strong - weak)
    return reading.pair(rescaled(guided, strong, guidance.rescale))


def alone(guidance: Guidance) -> Side | None:
    """Strong at scale 1, which a rescale leaves as it is, and weak at 0, unless it is rescaled."""
    if guidance.scale == 1:
        return "strong"
    return "weak" if guidance.scale == 0 and guidance.rescale == 0 else None


def rescaled(guided: Tensor, strong: Tensor, share: float) -> Tensor:
    """φ · guided · std(strong)/std(guided) + (1 − φ) · guided, φ = ``share``: strong guidance
    makes predictions spread too far, which overexposes (Lin 2023, section 3.4, eq. 14–16).

    The deviations are each sample's own, over all its dimensions.
    """
    if share == 0:
        return guided
    dims = tuple(range(1, guided.ndim))
    spread = strong.std(dims, keepdim=True) / guided.std(dims, keepdim=True)
    return guided * (share * spread + (1 - share))
