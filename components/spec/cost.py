"""What an image costs before it is drawn: network evaluations, from the spec alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from components.spec.catalogue import GUIDANCE, SOLVERS


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
    solver = SOLVERS[sampling.get("solver", "ddim")]
    evaluations = solver.calls(sampling) * (2 if _guided(sampling, conditional) else 1)
    if solver.adaptive:
        return Cost(evaluations, "about")
    bounded = sampling.get("guidance_sigma_min") or sampling.get("guidance_sigma_max") is not None
    if bounded and _guided(sampling, conditional):
        return Cost(evaluations, "at most")
    return Cost(evaluations, "exactly")


def one_prediction(sampling: Mapping[str, Any]) -> bool:
    """Whether guidance of this kind and scale takes the strong or the weak prediction alone, as
    `components.sampling.guidance` does it."""
    kind = GUIDANCE[sampling.get("guidance_kind", "cfg")]
    return sampling.get("guidance", 1) in kind.alone(sampling)


def _guided(sampling: Mapping[str, Any], conditional: bool) -> bool:
    """Whether a strong and a weak prediction are needed: an unconditional model has no weak one
    but a guide's."""
    return not one_prediction(sampling) and (conditional or sampling.get("guide") == "weaker")
