"""The stages of a fine-tune on one subject: its images, those of its class, and its samples."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.spec.catalogue.subjects import asked_prompts, class_prompt, subject_reading
from components.spec.metrics import DRIFT
from components.spec.plan.auto import tuned_samplings
from components.spec.plan.judging import NO_DATA
from components.spec.plan.node import Node, dump, roles
from components.spec.plan.sources import Sources
from components.spec.reading import READING, Reading
from components.spec.sections.sampling import SamplingSpec
from components.spec.tunings import Tuning

PRIOR_SEEDS = 2**30
"""So far are the seeds of the prior's images from those of samples, which are judged: none of them
has been trained on."""

KIN_SEEDS = 2**29
"""The same of the base's images of the class that others are judged against."""


@dataclass(frozen=True)
class Pair:
    """What both models draw of the same prompts and seeds, and the figures of that.

    Attributes:
        tuned, baseline: samples.
        of_tuned, of_baseline: their evaluations.
    """

    tuned: Node
    baseline: Node
    of_tuned: Node
    of_baseline: Node


@dataclass(frozen=True)
class SubjectNodes:
    """What shows how well a model draws its subject, and what has become of the subject's class.

    Attributes:
        images: the subject's own.
        subject: of its prompts; judged by who reads captions, and for copies of those images.
        kin: of the class, without the token; judged against other images of the base's.
        similarity: of the subject's samples to its images.
    """

    images: Node
    subject: Pair
    kin: Pair
    similarity: Node

    def ends(self) -> list[Node]:
        """The stages that all others lead to."""
        judged = [node for p in (self.subject, self.kin) for node in (p.of_tuned, p.of_baseline)]
        return [self.similarity, *judged]


def subject_inputs(sources: Sources, tuning: Tuning, model: Node) -> dict[str, Node]:
    """What a fine-tune of ``model`` is trained on, by role."""
    spec, sampling = tuning.spec, sources.cell.experiment.sampling
    images = {"subject": _images(sources, tuning)}
    if not spec.settings.get("prior_weight"):
        return images
    drawn = _other_seeds(sampling, PRIOR_SEEDS)
    text, count = class_prompt(spec.settings), spec.settings["prior_images"]
    name, reads = f"prior{tuning.of_training}", ("prompt", "class_word", "prior_images")
    prior = _sampled(sources, name, drawn, {"model": model}, [text], count, reads)
    return images | {"prior": prior}


def subject_nodes(
    sources: Sources, tuning: Tuning, images: Node, model: Node, tuned: Node
) -> SubjectNodes:
    """What shows how well ``tuned``, made from ``model``, draws the subject in ``images``, and its
    class."""
    settings, named = tuning.spec.settings, tuning.suffix
    shown = _Shown(sources, tuning, model, tuned)
    asked = asked_prompts(settings)
    reads = ("prompt", "token", "class_word", "subject_prompts", "subject_samples")
    ours, before = shown.drawn("subject", asked, settings["subject_samples"], reads)
    reading = tuning.spec.entry.reading(tuning.spec.model_dump())

    def of_subject(name: str, samples: Node) -> Node:
        judged = {"samples": samples, "subject": images}
        return sources.judged(name, "evaluate", judged, reading=reading, changed=NO_DATA)

    subject = Pair(
        ours,
        before,
        of_subject(f"evaluate-subject{named}", ours),
        of_subject(f"evaluate-subject-baseline{tuning.of_training}", before),
    )
    compared = {"tuned": ours, "baseline": before, "subject": images}
    similarity = _similarity(sources, f"similarity{named}", compared, subject_reading(settings))
    return SubjectNodes(images, subject, _kin(shown), similarity)


@dataclass(frozen=True)
class _Shown:
    """Both models of a comparison: ``tuned`` was made from ``model``."""

    sources: Sources
    tuning: Tuning
    model: Node
    tuned: Node

    def drawn(
        self, what: str, asked: Sequence[str], count: int, reads: tuple[str, ...]
    ) -> tuple[Node, Node]:
        """``count`` images each of the tuned model and of its base, of equal seeds."""
        sources, spec, named = self.sources, self.tuning.spec, self.tuning.suffix
        own = sources.cell.experiment.sampling
        sampling, *_ = tuned_samplings(sources.cell, spec, sources.outside.settle)
        models = {"model": self.tuned} | roles(base=self.model if spec.saves_adapter else None)
        name, told = f"sample-{what}{named}", (*reads, "sampling")
        ours = _sampled(sources, name, sampling, models, asked, count, told)
        name, theirs = f"sample-{what}-baseline{self.tuning.of_training}", {"model": self.model}
        return ours, _sampled(sources, name, own, theirs, asked, count, reads)


def _kin(shown: _Shown) -> Pair:
    """Images of the subject's class by both models, against others of the base's: what the class
    has become."""
    sources, settings, tuning = shown.sources, shown.tuning.spec.settings, shown.tuning
    asked, count = [class_prompt(settings)], settings["class_samples"]
    reads = ("prompt", "class_word", "class_samples")
    ours, before = shown.drawn("class", asked, count, reads)
    others = _other_seeds(sources.cell.experiment.sampling, KIN_SEEDS)
    name, theirs = f"sample-class-others{tuning.of_training}", {"model": shown.model}
    like = _sampled(sources, name, others, theirs, asked, count, reads)

    def judged(name: str, inputs: dict[str, Node]) -> Node:
        inputs |= {"like": like}
        return sources.judged(name, "evaluate", inputs, DRIFT, changed=NO_DATA)

    return Pair(
        ours,
        before,
        judged(f"evaluate-class{tuning.suffix}", {"samples": ours, "base": before}),
        judged(f"evaluate-class-baseline{tuning.of_training}", {"samples": before}),
    )


def _other_seeds(sampling: SamplingSpec, far: int) -> SamplingSpec:
    """The same with seeds so far from those of samples, which are judged."""
    return sampling.model_copy(update={"seed": (sampling.seed + far) % (2 * PRIOR_SEEDS)})


def _similarity(sources: Sources, name: str, inputs: dict[str, Node], reading: Reading) -> Node:
    """`similarity`; ``reading`` tells which images of fine-tunes with other words pair."""
    evaluation = sources.cell.experiment.evaluation
    told, extractors = dump(evaluation), evaluation.extractors()
    spec = {"extractors": extractors} | {field: told[field] for field in ("size", "confidence")}
    spec[READING] = reading.told()
    reads = tuple(f"evaluation.{f}" for f in ("extractor", "others", "size", "confidence"))
    reads += ("finetune.token", "finetune.class_word")
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
    asked: Sequence[str],
    count: int,
    reads: tuple[str, ...],
) -> Node:
    """`sample`: ``count`` images that take turns with the prompts ``asked``, which come from the
    settings ``reads``."""
    if sampling.guided_by_model:
        inputs = inputs | roles(guide=sources.guide())
    prompts = {"text": asked[0]} if len(asked) == 1 else {"texts": [*asked]}
    spec = {"sampling": dump(sampling), "samples": count, "prompts": prompts}
    reads = ("sampling", *(f"finetune.{each}" for each in reads))
    return sources.computed(name, "sample", spec, inputs, reads, plugins=sampling.packages())
