"""What is said of a plan's fine-tunes before they run: what is allowed, and may not be meant."""

from pathlib import Path

from components.data.decided import Decided, counts_of, find_study, read_decided
from components.spec.catalogue.dpo import DRAWN, decided_by
from components.spec.experiment import Experiment
from components.spec.tunings import tunings


def tuning_notes(experiment: Experiment) -> list[str]:
    """A sentence a fact, each once; nothing without a fine-tune."""
    if experiment.finetune is None:
        return []
    return [*_limits(experiment), *_warm_ups(experiment), *_registered(experiment)]


def preference_notes(experiment: Experiment, root: Path) -> list[str]:
    """Who has decided the pairs that fine-tunes learn, a sentence for each study once.

    Args:
        root: the project's folder.
    """
    specs = (each.spec for each in tunings(experiment))
    names = dict.fromkeys(spec.settings.get("preferences") for spec in specs)
    return [
        f"finetune.preferences: {name} has {decided_by(counts_of(_pairs(name, root)))}"
        for name in names
        if name is not None and name != DRAWN
    ]


def _pairs(name: str, root: Path) -> tuple[Decided, ...]:
    return read_decided(find_study(name, root))


def _limits(experiment: Experiment) -> list[str]:
    """Those of `finetune.limits` that do not bind a subject's fine-tune."""
    assert experiment.finetune is not None
    if experiment.finetune.limits.drift_at_most is None:
        return []
    specs = [each.spec for each in tunings(experiment) if each.spec.learns_subject]
    said = dict.fromkeys(each.entry.of_drift(each.settings) for each in specs)
    return [f"finetune.limits: {words}" for words in said if words]


def _warm_ups(experiment: Experiment) -> list[str]:
    """Trainings that end before the learning rate has risen."""
    specs = [each.spec for each in tunings(experiment)]
    short = dict.fromkeys((s.warmup_steps, s.steps) for s in specs if s.warmup_steps >= s.steps)
    return [
        f"finetune.warmup_steps: {warm_up} lasts as long as the training of {steps} steps, or "
        "longer: the learning rate only rises, on average to "
        f"{50 * (steps + 1) / warm_up:.0f} % of `finetune.lr`; give fewer, such as "
        f"`warmup_steps: {steps // 10}`"
        for warm_up, steps in short
    ]


def _registered(experiment: Experiment) -> list[str]:
    """A base that is registered as it is, and what would register what is made of it."""
    name, base = experiment.registry.model, experiment.base
    if name is None or base is None:
        return []
    note = f"registry.model: {name} registers the base {base} as it is, not what is made of it"
    if experiment.registry.finetuned is None:
        return [f"{note}: for the chosen fine-tune give `registry.finetuned` in its place"]
    return [
        f"{note}; the chosen fine-tune is `registry.finetuned: {experiment.registry.finetuned}`, "
        "and `model` may be left out"
    ]
