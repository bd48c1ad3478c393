"""What an image costs before it is drawn: network evaluations, from the spec alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Cost:
    """Network evaluations an image.

    Attributes:
        certainty: ``at most`` with an interval of guidance, which is left by some steps;
            ``about`` with a solver that chooses its own steps.
    """

    evaluations: int
    certainty: Literal["exactly", "at most", "about"]


def planned_cost(sampling: Mapping[str, Any], conditional: bool) -> Cost:
    """What an image of a ``sampling`` section costs; a key that it lacks is at its default.

    Args:
        conditional: whether the model is told what to draw.
    """
    solver = sampling.get("solver", "ddim")
    evaluations = CALLS[solver](sampling) * (2 if _guided(sampling, conditional) else 1)
    if solver in ADAPTIVE:
        return Cost(evaluations, "about")
    bounded = sampling.get("guidance_sigma_min") or sampling.get("guidance_sigma_max") is not None
    if bounded and _guided(sampling, conditional):
        return Cost(evaluations, "at most")
    return Cost(evaluations, "exactly")


def one_prediction(sampling: Mapping[str, Any]) -> bool:
    """Whether guidance of this kind and scale takes the strong or the weak prediction alone, as
    `components.sampling.guidance` does it."""
    scale, kind = sampling.get("guidance", 1), sampling.get("guidance_kind", "cfg")
    rescaled = bool(sampling.get("guidance_rescale"))
    return scale in {"cfg": {1} if rescaled else {0, 1}, "apg": {1}, "cfgpp": {0}}[kind]


def _guided(sampling: Mapping[str, Any], conditional: bool) -> bool:
    """Whether a strong and a weak prediction are needed: an unconditional model has no weak one
    but a guide's."""
    return not one_prediction(sampling) and (conditional or sampling.get("guide") == "weaker")


def _once_a_step(sampling: Mapping[str, Any]) -> int:
    return int(sampling["steps"])


def _heun(sampling: Mapping[str, Any]) -> int:
    """Two slopes a step; the last step, to the image, has one (Karras 2022, algorithm 1)."""
    return 2 * int(sampling["steps"]) - 1


def _langevin(sampling: Mapping[str, Any]) -> int:
    """Corrector steps at every level, then x0 once."""
    return int(sampling["steps"] * sampling.get("corrector_steps", 1)) + 1


def _predictor_corrector(sampling: Mapping[str, Any]) -> int:
    """A predictor step from every level, and corrector steps at every level but the image."""
    return int(sampling["steps"] + (sampling["steps"] - 1) * sampling.get("corrector_steps", 1))


def _rk45(sampling: Mapping[str, Any]) -> int:
    """One slope, and six a step. No step is longer than a sixth of the way, and their number
    grows as tolerance^(−1/5), the order being 5; the factor is what trained digits took."""
    growth: float = float(sampling.get("tolerance", 1e-3)) ** (-1 / 5)
    return 1 + 6 * (6 + round(1.7 * growth))


CALLS: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "ddim": _once_a_step,
    "ddpm": _once_a_step,
    "euler": _once_a_step,
    "euler_ancestral": _once_a_step,
    "heun": _heun,
    "dpmpp_2m": _once_a_step,
    "dpmpp_2m_sde": _once_a_step,
    "unipc": _once_a_step,
    "rk45": _rk45,
    "langevin": _langevin,
    "predictor_corrector": _predictor_corrector,
    "consistency": _once_a_step,
}
"""Solver → how often it asks the denoiser for an image."""

ADAPTIVE = {"rk45"}
