"""CFG++: guidance that stays on the data's manifold."""

from torch import Tensor

from components.sampling.guidance.guidance import Guidance, Side
from components.sampling.reading import Pair, Reading


def cfgpp(strong: Tensor, weak: Tensor, reading: Reading, guidance: Guidance) -> Pair:
    """x0 of weak + scale · (strong − weak), ε of weak alone, scale within [0, 1]
    (Chung et al. 2024, algorithm 2).

    The pair does not make up x_t: only a solver that steps to α x0 + σ ε, as DDIM does, walks
    as the paper means. Each of the two predictions is clipped by itself.
    """
    x0, _ = reading.pair(weak + guidance.scale * (strong - weak))
    _, eps = reading.pair(weak)
    return x0, eps


def alone(guidance: Guidance) -> Side | None:
    """Weak at scale 0. At 1 x0 is the strong prediction's, and ε is still the weak one's."""
    return "weak" if guidance.scale == 0 else None
