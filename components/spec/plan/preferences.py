"""What a fine-tune on preferences is trained on: the decided pairs of a study that is there, or of
one whose pairs the base draws and simulated annotators decide."""

from typing import Any

from components.errors import AlphabarError
from components.spec.catalogue.dpo import DRAWN, PAIRS
from components.spec.experiment import Experiment
from components.spec.plan.node import Node, dump, roles
from components.spec.plan.sources import Sources
from components.spec.plan.studies import plan_answers, study_settings
from components.spec.sections.simulate import SimulateSpec
from components.spec.sections.study import StudySpec
from components.spec.tunings import Tuning

PAIR_SEEDS = 2**28, 2**28 + 2**27
"""So far are the seeds of the two images of a pair from those of samples, which are judged: none of
them has been trained on."""


def simulated(experiment: Experiment) -> tuple[StudySpec, SimulateSpec]:
    """The section `study`, and who decides pairs that are drawn; raises AlphabarError where it says
    of nobody."""
    study = experiment.study
    if study is None or study.simulate is None:
        raise AlphabarError(
            f"`finetune.preferences: {DRAWN}` has simulated annotators decide the pairs, and there "
            "is no `study.simulate`",
            "give the section `study: {simulate: {taste: …}}`, or as `preferences` the study that "
            "people have answered",
        )
    return study, study.simulate


def preferences_told(sources: Sources, tuning: Tuning) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the stage `finetune` reads of `finetune.preferences`, and what its bytes do not depend
    on: of a study that is there the digest of its decided pairs, and where it lies. Of drawn pairs
    the key of their stage has it all."""
    name = tuning.spec.settings["preferences"]
    if name == DRAWN:
        return {}, {}
    digest = sources.outside.decided(name)
    return {"preferences": {"sha256": digest}}, {"preferences": {"study": name}}


def preference_inputs(sources: Sources, tuning: Tuning, model: Node) -> dict[str, Node]:
    """By role, what stages leave for a fine-tune of ``model``: nothing of a study that is there."""
    if tuning.spec.settings["preferences"] != DRAWN:
        return {}
    return {"preferences": _decided(sources, tuning, model)}


def _decided(sources: Sources, tuning: Tuning, model: Node) -> Node:
    """Two images of ``model`` to each of the training's prompts, and what simulated annotators say
    of them."""
    experiment, named = sources.cell.experiment, tuning.of_training
    (study, simulate), count = simulated(experiment), tuning.spec.settings[PAIRS]
    one, other = (
        _drawn(sources, f"sample-pairs-{which}{named}", model, count, far)
        for which, far in zip(("one", "other"), PAIR_SEEDS, strict=True)
    )
    told = {"name": f"{experiment.name}-pairs", "pairs": count, "same_seeds": False}
    reads = ("name", "study", f"finetune.{PAIRS}")
    # real images beside noise show who looks at all
    inputs = {"one": one, "other": other, "real": sources.data()}
    asked = Node(f"study-pairs{named}", "study", study_settings(study) | told, inputs, reads=reads)
    return plan_answers(f"answers-pairs{named}", simulate, asked)


def _drawn(sources: Sources, name: str, model: Node, count: int, far: int) -> Node:
    """`sample`: ``count`` images of ``model``, asked for as the images that it was trained on."""
    own = sources.cell.experiment.sampling
    seed = (own.seed + far) % 2**31
    sampling = own.model_copy(update={"seed": seed})
    inputs = {"model": model, "data": sources.data()}
    if sampling.guided_by_model:
        inputs |= roles(guide=sources.guide())
    spec = {"sampling": dump(sampling), "samples": count, "prompts": {"split": "train"}}
    reads = ("sampling", f"finetune.{PAIRS}")
    return sources.computed(name, "sample", spec, inputs, reads, plugins=sampling.packages())
