"""What an image or a stage costs before it is made: network evaluations, from the spec alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import index
from typing import Any, Literal

from components.spec.catalogue import CONDITIONERS, FINETUNES, GUIDANCE, SOLVERS
from components.spec.catalogue.sampling import guide_of
from components.spec.plan import Node
from components.spec.sections.training import TrainingSpec


@dataclass(frozen=True)
class Cost:
    """Network evaluations: forward passes of one image.

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

    Raises:
        AlphabarError: a plug-in's entry does not say a whole number.
    """
    name = sampling.get("solver", "ddim")
    solver = SOLVERS[name]
    with SOLVERS.naming(name):
        calls = index(solver.calls(sampling))
    evaluations = calls * (2 if _guided(sampling, conditional) else 1)
    if solver.adaptive:
        return Cost(evaluations, "about")
    bounded = sampling.get("guidance_sigma_min") or sampling.get("guidance_sigma_max") is not None
    if bounded and _guided(sampling, conditional):
        return Cost(evaluations, "at most")
    return Cost(evaluations, "exactly")


def stage_cost(node: Node) -> Cost:
    """What a stage costs; a training step counts 3 a row: the backward pass costs two forwards.

    Samples of a training run's evaluations count too, their few denoised images do not.
    """
    if node.stage in ("train", "finetune"):
        return _training_cost(node)
    if node.stage == "sample":
        image = planned_cost(node.spec["sampling"], _conditional(node.inputs["model"]))
        return Cost(node.spec["samples"] * image.evaluations, image.certainty)
    return Cost(0, "exactly")


def _training_cost(node: Node) -> Cost:
    """With patience training may end before its last step."""
    training, conditional = node.spec["training"], _conditional(node)
    a_row = 3
    if node.stage == "finetune":
        a_row += FINETUNES[node.spec["kind"]].beside(node.spec, conditional)
    work = a_row * training["steps"] * training["batch_size"]
    drawn = TrainingSpec.model_validate(training).images_drawn
    if not drawn:
        return Cost(work, "exactly")
    sampling = {"steps": training["evaluate_steps"], "guidance": training["evaluate_guidance"]}
    image = planned_cost(sampling, conditional)
    work += drawn * image.evaluations
    return Cost(work, "at most" if training["patience"] else image.certainty)


def _conditional(model: Node) -> bool:
    """Whether a trained model is told what to draw; a fine-tuned one is what its baseline is."""
    while "conditioning" not in model.spec:
        model = model.inputs["model"]
    return CONDITIONERS[model.spec["conditioning"]["encoder"]].conditional


def one_prediction(sampling: Mapping[str, Any]) -> bool:
    """Whether guidance of this kind and scale takes the strong or the weak prediction alone, as
    `components.sampling.guidance` does it."""
    kind = GUIDANCE[sampling.get("guidance_kind", "cfg")]
    return sampling.get("guidance", 1) in kind.alone(sampling)


def _guided(sampling: Mapping[str, Any], conditional: bool) -> bool:
    """Whether a strong and a weak prediction are needed: an unconditional model has no weak one
    but a guide's."""
    return not one_prediction(sampling) and (conditional or guide_of(sampling).another_model)
