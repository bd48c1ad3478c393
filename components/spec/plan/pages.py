"""The stages that people read: the report and the preference study."""

from collections.abc import Callable, Iterable
from typing import Any

from components.spec.experiment import Experiment
from components.spec.licences import licence_of_data
from components.spec.plan.auto import AUTO
from components.spec.plan.baselines import Plan, PlannedCell
from components.spec.plan.finetune import FinetunePlan, TunedModel
from components.spec.plan.node import Node, dump
from components.spec.plan.studies import plan_answers, study_settings

LOOK = ("evaluate_samples", "evaluate_size", "evaluate_steps", "evaluate_guidance")
"""Fields of the training section by which figures of one name differ in training and after it."""


def plan_pages(plan: Plan, best: PlannedCell, tuned: FinetunePlan | None) -> list[Node]:
    """The report and, with a fine-tuned model, the study that the file asks for, and what
    simulated annotators answer."""
    pages = [plan_report(plan, best, tuned)]
    if tuned and plan.experiment.study:
        pages.append(plan_study(plan, best, tuned))
        if plan.experiment.study.simulate:
            pages.append(plan_answers("answers", plan.experiment.study.simulate, pages[1]))
    return pages


def plan_report(plan: Plan, best: PlannedCell, tuned: FinetunePlan | None) -> Node:
    """The page: it reads every cell's images, figures and training history."""
    inputs: dict[str, Node] = {"reference": best.reference}
    inputs |= {role: node for role, node in best.reference.inputs.items() if role == "scorer"}
    cells = []
    for index, cell in enumerate(plan.cells):
        inputs |= {
            f"train:{index}": cell.train,
            f"sample:{index}": cell.sample,
            f"evaluate:{index}": cell.evaluate,
        }
        experiment = cell.cell.experiment
        cells.append(
            {
                "name": cell.name,
                "may_win": cell.may_win,
                "model": cell.cell.model_name,
                "overrides": dict(cell.cell.overrides),
                "settings": {path: _setting(experiment, path) for path in plan.swept},
                "sampling": dump(experiment.sampling),
                "schedule": experiment.process.schedule,
            }
        )
    codecs = _named(plan, lambda cell: cell.train.inputs.get("autoencoder"))
    inputs |= {f"autoencoder:{index}": node for index, node in enumerate(codecs.values())}
    guides = _named(plan, lambda cell: cell.sample.inputs.get("guide"))
    inputs |= {f"guide:{index}": node for index, node in enumerate(guides.values())}
    if tuned:
        inputs |= _of_the_tuned(tuned)
    spec: dict[str, Any] = {
        "name": plan.experiment.name,
        "cells": cells,
        "best": best.name,
        "metric": plan.ranked_by,
        "data": dump(plan.experiment.data),
        "finetunes": [_told(model) for model in tuned.models] if tuned else [],
        "best_finetune": tuned.best if tuned else 0,
        "study": plan.experiment.study is not None,
    }
    if plan.experiment.study and plan.experiment.study.simulate:
        spec["simulated"] = True
    spec["looks"] = {"training": _looks(cell.train for cell in plan.cells if cell.trained)}
    if tuned:
        spec["looks"]["finetune"] = _looks(model.finetune for model in tuned.models)
    if codecs:
        spec["codecs"] = list(codecs)
    if guides:
        spec["guides"] = list(guides)
    reads = ("name", "data", "codec", "process.schedule", "sampling", "evaluation.extractor")
    looks = [f"training.{name}" for name in LOOK]
    return Node("report", "report", spec, inputs, reads=(*reads, *looks, "finetune", "study"))


def _told(model: TunedModel) -> dict[str, Any]:
    """What the report is told of a fine-tune."""
    told: dict[str, Any] = {
        "name": model.tuning.name,
        "finetune": dump(model.tuning.spec),
        "samplings": [dump(cell.sampling) for cell in model.cells],
    }
    if own := told["finetune"]["sampling"]:
        told["finetune"]["sampling"] = [
            {
                name: getattr(cell.sampling, name) if value == AUTO else value
                for name, value in pairs
            }
            for pairs, cell in zip((change.items() for change in own), model.cells, strict=True)
        ]
    if model.tuning.checkpoint is not None:
        told |= {"training": model.tuning.training, "checkpoint": model.tuning.checkpoint}
    return told


def _of_the_tuned(tuned: FinetunePlan) -> dict[str, Node]:
    inputs = {
        "evaluate:baseline": tuned.evaluate_baseline,
        "reference:finetuned": tuned.reference,
    }
    for index, model in enumerate(tuned.models):
        inputs[f"finetune:{index}"] = model.finetune
        if model.subject:
            inputs[f"subject:{index}"] = model.subject.images
            inputs[f"similarity:{index}"] = model.subject.similarity
            for what, pair in (("subject", model.subject.subject), ("class", model.subject.kin)):
                inputs[f"sample:{what}:{index}"] = pair.tuned
                inputs[f"sample:{what}-baseline:{index}"] = pair.baseline
                inputs[f"evaluate:{what}:{index}"] = pair.of_tuned
                inputs[f"evaluate:{what}-baseline:{index}"] = pair.of_baseline
    for index, cell in enumerate(tuned.cells):
        inputs[f"sample:finetuned:{index}"] = cell.sample
        inputs[f"evaluate:finetuned:{index}"] = cell.evaluate
        if cell.drift:
            inputs[f"drift:{index}"] = cell.drift
    return inputs


def _looks(trained: Iterable[Node]) -> list[dict[str, Any]]:
    """How evaluations in training judge, each way once."""
    found: list[dict[str, Any]] = []
    for node in trained:
        look = {name: node.spec["training"][name] for name in LOOK}
        if look not in found:
            found.append(look)
    return found


def _named(plan: Plan, of: Callable[[PlannedCell], Node | None]) -> dict[str, Node]:
    """What cells have beside their network (``of``), once each, by the names of the first models
    that have it; of one alone the name is empty."""
    found: dict[str, tuple[str, Node]] = {}
    for cell in plan.cells:
        if node := of(cell):
            found.setdefault(node.key, (cell.cell.model_name, node))
    named = dict(found.values())
    return named if len(named) > 1 else dict(zip([""], named.values(), strict=False))


def _setting(experiment: Experiment, path: str) -> Any:
    """The value at a dotted path, whether a cell overrides it or not."""
    section, _, leaf = path.partition(".")
    field, _, option = leaf.partition(".")
    value = getattr(getattr(experiment, section), field)
    return value.get(option) if option else value


def plan_study(plan: Plan, best: PlannedCell, tuned: FinetunePlan) -> Node:
    """The blind comparison of the best baseline's and the fine-tuned model's samples."""
    assert plan.experiment.study is not None
    spec = study_settings(plan.experiment.study) | {"name": plan.experiment.name}
    if licences := [each.words for each in licence_of_data(best.cell.experiment.data)]:
        spec["licences"] = licences
    inputs = {"baseline": best.sample, "finetuned": tuned.chosen.sample}
    inputs["real"] = best.sample.inputs["data"]  # its holdout: beside noise, or beside generated
    return Node("study", "study", spec, inputs, reads=("name", "study", "data"))
