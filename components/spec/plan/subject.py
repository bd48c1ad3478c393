"""The stages of a fine-tune on one subject: its images, those of its class, and its samples."""

from dataclasses import dataclass

from components.spec.catalogue.subjects import class_prompt, subject_prompt
from components.spec.plan.node import Node, dump, roles
from components.spec.plan.sources import Sources
from components.spec.sections.sampling import SamplingSpec
from components.spec.tunings import Tuning

PRIOR_SEEDS = 2**30
"""So far are the seeds of the prior's images from those of samples, which are judged: none of them
has been trained on."""


@dataclass(frozen=True)
class SubjectNodes:
    """What shows how well a model draws its subject.

    Attributes:
        images: the subject's own.
        tuned, baseline: samples of both models, of the subject's prompt and equal seeds.
        similarity: of both to the subject's images.
    """

    images: Node
    tuned: Node
    baseline: Node
    similarity: Node

    def ends(self) -> list[Node]:
        """The stages that all others lead to."""
        return [self.similarity]


def subject_inputs(sources: Sources, tuning: Tuning, model: Node) -> dict[str, Node]:
    """What a fine-tune of ``model`` is trained on, by role."""
    spec, sampling = tuning.spec, sources.cell.experiment.sampling
    images = {"subject": _images(sources, tuning)}
    if not spec.settings["prior_weight"]:
        return images
    seed = (sampling.seed + PRIOR_SEEDS) % (2 * PRIOR_SEEDS)
    drawn = sampling.model_copy(update={"seed": seed})
    text, count = class_prompt(spec.settings), spec.settings["prior_images"]
    name, reads = f"prior{tuning.of_training}", ("prompt", "class_word", "prior_images")
    prior = _sampled(sources, name, drawn, {"model": model}, text, count, reads)
    return images | {"prior": prior}


def subject_nodes(
    sources: Sources, tuning: Tuning, images: Node, model: Node, tuned: Node
) -> SubjectNodes:
    """What shows how well ``tuned``, made from ``model``, draws the subject in ``images``."""
    spec, named = tuning.spec, tuning.suffix
    text, count = subject_prompt(spec.settings), spec.settings["subject_samples"]
    own = sources.cell.experiment.sampling
    sampling, *_ = spec.samplings(own)
    models = {"model": tuned} | roles(base=model if spec.saves_adapter else None)
    reads = ("prompt", "token", "class_word", "subject_samples")
    name = f"sample-subject{named}"
    ours = _sampled(sources, name, sampling, models, text, count, (*reads, "sampling"))
    name, theirs = f"sample-subject-baseline{tuning.of_training}", {"model": model}
    before = _sampled(sources, name, own, theirs, text, count, reads)
    compared = {"tuned": ours, "baseline": before, "subject": images}
    similarity = _similarity(sources, f"similarity{named}", compared)
    return SubjectNodes(images, ours, before, similarity)


def _similarity(sources: Sources, name: str, inputs: dict[str, Node]) -> Node:
    evaluation = sources.cell.experiment.evaluation
    told, extractors = dump(evaluation), evaluation.extractors()
    spec = {"extractors": extractors} | {field: told[field] for field in ("size", "confidence")}
    reads = tuple(f"evaluation.{f}" for f in ("extractor", "others", "size", "confidence"))
    weights = sources.outside.digests(*extractors)
    return sources.computed(name, "similarity", spec, inputs, reads, weights)


def _images(sources: Sources, tuning: Tuning) -> Node:
    """The stage `subject`; it reads the baseline's data, whose size and channels it takes."""
    inputs, reads = {"data": sources.data()}, ("finetune.subject",)
    data = tuning.spec.subject_data(sources.cell.experiment.data)
    if data is None:
        captions = sorted(set(tuning.spec.settings["subject"]))
        return Node("subject", "subject", {"captions": captions}, inputs, reads=reads)
    pinned = sources.outside.data_hash(data)
    return Node("subject", "subject", {"data": dump(data)}, inputs, pinned, reads=(*reads, "data"))


def _sampled(
    sources: Sources,
    name: str,
    sampling: SamplingSpec,
    inputs: dict[str, Node],
    text: str,
    count: int,
    reads: tuple[str, ...],
) -> Node:
    """`sample`: ``count`` images of one prompt, which come from the settings ``reads``."""
    if sampling.guided_by_model:
        inputs = inputs | roles(guide=sources.guide())
    spec = {"sampling": dump(sampling), "samples": count, "prompts": {"text": text}}
    reads = ("sampling", *(f"finetune.{each}" for each in reads))
    return sources.computed(name, "sample", spec, inputs, reads, plugins=sampling.packages())
