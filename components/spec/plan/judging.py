"""What the stages `evaluate` and `reference` are told of who judges, and of what."""

from collections.abc import Sequence
from typing import Any

from components.spec.catalogue.evaluation import extractor_of
from components.spec.metrics import R_PRECISION
from components.spec.plan.node import dump
from components.spec.reading import READING, Reading
from components.spec.sections.evaluation import EvaluationSpec
from components.spec.sections.training import TrainingSpec

TAUGHT = tuple(
    f"finetune.{name}" for name in ("kind", "token", "class_word", "initial", "template")
)
"""Where the file says how captions are read."""

NO_DATA: dict[str, Any] = {
    "metrics": None,
    "options": {},
    "classifier": "none",
    "groups": "none",
}
"""What holds where images are judged without the data: all that they allow is taken."""


def judging(
    evaluation: EvaluationSpec,
    also: Sequence[str] = (),
    reading: Reading | None = None,
    changed: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The section as its stages have it, but for the model's likelihood and the prompts, which are
    other stages'.

    Args:
        also: families that are taken whether the file names them or not.
        reading: how captions are read that have a word which only a fine-tune knows.
        changed: fields in the place of the file's, such as `NO_DATA`.
    """
    spec = dump(evaluation) | (changed or {})
    del spec["likelihood"], spec["prompts"]
    if spec["metrics"]:
        spec["metrics"] = list(dict.fromkeys([*spec["metrics"], *also]))
    if reading is not None:
        spec[READING] = reading.told()
        if reading.tells_alike and spec["metrics"]:  # one text leaves nothing to choose from
            spec["metrics"] = [name for name in spec["metrics"] if name != R_PRECISION]
    return spec


def as_watched(training: TrainingSpec, evaluation: EvaluationSpec) -> TrainingSpec:
    """How evaluations in training judge, without a size that the extractor does not read."""
    entry = extractor_of(evaluation.extractor)
    if entry is not None and "size" in entry.options:
        return training
    default = TrainingSpec.model_fields["evaluate_size"].default
    return training.model_copy(update={"evaluate_size": default})
