"""The judge: from images to figures, with one pass of features a set and extractor."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from components.errors import AlphabarError
from components.evaluation.captioned import OF_CAPTIONS, of_clip, of_preference
from components.evaluation.captions import CaptionView, Clip, build_clip
from components.evaluation.copies_shown import closest
from components.evaluation.degenerate import notes_on
from components.evaluation.extractors.onnx_runtime import slower_on
from components.evaluation.families import measure_of
from components.evaluation.features.feature_bank import FeatureBank, FeatureSet
from components.evaluation.finding import Finding, Sight
from components.evaluation.images.image_set import ImageSet
from components.evaluation.needs import needs_are_met, refuse_missing
from components.evaluation.preferences.model import PreferenceModel, build_preference
from components.evaluation.preferences.scores import PreferenceView
from components.evaluation.protocol import EvaluationProtocol
from components.evaluation.recognition import Recogniser, Recognition, train_recogniser
from components.evaluation.references import References
from components.evaluation.side_by_side import side_by_side
from components.evaluation.taking import Found, Take
from components.evaluation.view import View
from components.figures.figure import Figure
from components.figures.judgement import Judgement
from components.figures.protocol import CAPTIONS, Protocol
from components.spec.catalogue.evaluation import extractor_of
from components.spec.metric_family import Judge as Kind
from components.spec.metrics import METRICS, asked_of, metric_name, needing
from components.spec.reading import Reading

GROUP_IMAGES, MOST_GROUPS = 20, 100
"""Groups with fewer images on either side are left out, and those after so many."""


class Judge:
    """Measures image sets against references. Networks are loaded when first needed, once.

    Attributes:
        protocol: what is measured, and how.
        references: the real images.
        bank: where features come from.

    Args:
        scorer_dir: the stage `scorer`'s output, for ``clip: domain``.
        reading: how captions are read that have a word which only a fine-tune knows.
    """

    def __init__(
        self,
        protocol: EvaluationProtocol,
        references: References,
        bank: FeatureBank,
        scorer_dir: Path | None = None,
        reading: Reading | None = None,
    ) -> None:
        self.protocol, self.references, self.bank = protocol, references, bank
        self._scorer_dir, self._reading = scorer_dir, reading

    @classmethod
    def of_data(
        cls, data: Path, scorer_dir: Path | None, spec: dict[str, Any], bank: FeatureBank
    ) -> "Judge":
        """A judge against prepared data.

        Args:
            data: the prepared directory.
            scorer_dir: the stage `scorer`'s output, for ``clip: domain``.
            spec: the evaluation section as plain values.
        """
        return cls(EvaluationProtocol.of(spec), References.of_data(data), bank, scorer_dir)

    def only(self, families: Collection[str]) -> "Judge":
        """A judge of some families."""
        protocol = replace(self.protocol, families=tuple(families))
        return Judge(protocol, self.references, self.bank, self._scorer_dir, self._reading)

    @cached_property
    def clip(self) -> Clip | None:
        """The model that reads captions, if there is one."""
        return build_clip(self.protocol.clip, self.bank, self._scorer_dir)

    @cached_property
    def preference(self) -> PreferenceModel | None:
        """The model of people's choices, if there is one."""
        return build_preference(self.protocol.preference, self.bank.device, self.bank.weights)

    def release(self) -> None:
        """Let go of the CLIP and the preference model, whose text towers are large; they are loaded
        again when they are needed."""
        for name in ("clip", "preference"):
            self.__dict__.pop(name, None)

    @cached_property
    def recogniser(self) -> Recogniser:
        """The classifier of real images, trained on the training images when first asked for."""
        training, holdout = self.references.training, self.references.holdout
        if training is None or holdout is None:
            raise AlphabarError(
                "a classifier of real images needs the training images, which are not known",
                "set `evaluation.classifier: none`",
            )
        return train_recogniser(training, holdout, self.protocol.confidence)

    def refuse_unready(self) -> None:
        """Raise AlphabarError where weights of networks that judge are nowhere, or a demanded
        family lacks what it needs: all that can be told before there are images."""
        self.refuse_missing_weights()
        named, known = self.protocol.extractors, self.references.known
        families = asked_of("extractor", self.protocol.families)
        able = {metric_name(f, n) for f in families for n in named if needs_are_met(f, n, known)}
        refuse_missing(self.protocol, able, known)

    def refuse_missing_weights(self) -> None:
        """Raise AlphabarError where weights of networks that judge are nowhere."""
        for name in self.protocol.extractors:
            self.bank.extractor(name, self.protocol.size)
        if extractor_of(self.protocol.clip):
            self.bank.clip(self.protocol.clip)
        build_preference(self.protocol.preference, self.bank.device, self.bank.weights)

    def names(self) -> list[str]:
        """Every figure that it may take; some need classes, captions or training images."""
        seats: list[tuple[Kind, str]] = [("extractor", n) for n in self.protocol.extractors]
        seats += [("clip", clip.suffix)] if (clip := self.clip) else []
        seats += [("preference", model.suffix)] if (model := self.preference) else []
        seats += [("classifier", Recognition.judge)]
        return [
            metric_name(family, judge)
            for kind, judge in seats
            for family in asked_of(kind, self.protocol.families)
        ]

    def measure(self, images: ImageSet, seed: int | None) -> Judgement:
        """All figures of a set of images.

        Args:
            seed: the first image's seed, for the record; None where there is none.

        Raises:
            AlphabarError: the images are too few or not images, a caption or class is missing,
                or a family that the file demands cannot be measured.
        """
        holdout = self.references.holdout
        if not images.class_names and holdout is not None:
            images = replace(images, class_names=holdout.class_names)
        views = [self.view(images, name) for name in self.protocol.extractors]
        beside = (
            self.caption_view(images),
            self.preference_view(images),
            self.recognition(images),
        )
        others: list[Sight] = [sight for sight in beside if sight]
        side_by_side([work for view in views for work in view.work()])
        found = Found()
        for take in self._takes([*views, *others]):
            self._run(take, found, len(images), seed)
        refuse_missing(self.protocol, found.figures, self.references.known)
        first = views[0]
        groups = self._groups(images, [first, *others], seed)
        return Judgement(
            found.figures,
            groups,
            found.left_out,
            (*notes_on(first, self.references.name("reference")), *slower_on(self.bank.device)),
            closest=closest(images, first, self.references.training),
        )

    def view(self, images: ImageSet, extractor: str) -> View:
        """The sets as one extractor sees them."""
        training, real = self.references.training, self.references.holdout
        asked = frozenset(self.protocol.families)
        learnt = training if needing("training images", asked) else None
        before = self.references.base if needing("base images", asked) else None
        known, families = self.references.known, asked_of("extractor", asked)
        return View(
            self._features(images, extractor),
            self._features(real, extractor) if real else None,
            self._features(learnt, extractor) if learnt else None,
            self.bank,
            self.protocol.confidence,
            self.protocol.neighbours,
            frozenset(f for f in families if needs_are_met(f, extractor, known)),
            self._mirrored(learnt, extractor) if learnt and learnt.mirrored else None,
            self._features(before, extractor) if before else None,
        )

    def caption_view(self, images: ImageSet) -> CaptionView | None:
        """Images and captions in the CLIP's space, where there is one and there are captions."""
        if not asked_of("clip", self.protocol.families) or not any(images.captions):
            return None
        return of_clip(self.clip, images, self.protocol.confidence, self._reading)

    def preference_view(self, images: ImageSet) -> PreferenceView | None:
        """Images and captions as the preference model scores them, where there is one."""
        if not asked_of("preference", self.protocol.families):
            return None
        level, progress = self.protocol.confidence, self.bank.progress
        return of_preference(self.preference, images, level, self._reading, progress)

    def recognition(self, images: ImageSet) -> Recognition | None:
        """Images and the classifier of real ones, where one is wanted."""
        if not asked_of("classifier", self.protocol.families):
            return None
        training = self.references.training
        seen = len(training) if training else 0
        return Recognition(images, lambda: self.recogniser, seen, self.protocol.confidence)

    def _features(self, images: ImageSet, extractor: str) -> FeatureSet:
        return self.bank.features(images.images, extractor, self.protocol.size, images.digest)

    def _mirrored(self, images: ImageSet, extractor: str) -> FeatureSet:
        turned = images.array()[:, :, ::-1]
        digest = f"{images.digest} mirrored"
        return self.bank.features(turned, extractor, self.protocol.size, digest)

    def _takes(self, sights: Sequence[Sight], in_groups: bool = False) -> Iterator[Take]:
        # a group has no training images of its own
        known = self.references.known - ({"training images"} if in_groups else set())
        for sight in sights:
            for family in asked_of(sight.kind, self.protocol.families):
                wanted = METRICS[family].in_groups or not in_groups
                if wanted and needs_are_met(family, sight.extractor, known):
                    yield Take(metric_name(family, sight.judge), family, sight)

    def _run(self, take: Take, found: Found, n: int, seed: int | None) -> None:
        """Take one figure, or note why it cannot be taken."""
        try:
            finding = measure_of(take.family, self.protocol.options)(take.sight)
        except AlphabarError as error:
            if self.protocol.demanded or METRICS[take.family].indispensable:
                raise
            found.left_out[take.name] = error.what
            return
        if finding:
            protocol = self._protocol(take, finding, n, seed)
            found.figures[take.name] = Figure(take.name, finding.measured, protocol)

    def _protocol(self, take: Take, finding: Finding, n: int, seed: int | None) -> Protocol:
        return Protocol(
            n_generated=n,
            n_reference=finding.n_reference,
            extractor=take.sight.extractor,
            resize=take.sight.resize,
            reference=self.references.name(finding.against),
            data_hash=self.references.data_hash,
            seed=seed,
            classifier_accuracy=finding.accuracy,
            chance=finding.chance,
            settings={**finding.settings, **_from(take.family)} or None,
            reference_key=self._key(take.sight, finding.against),
            engine=take.sight.engine,
        )

    def _groups(
        self, images: ImageSet, sights: Sequence[Sight], seed: int | None
    ) -> dict[str, dict[str, Figure]]:
        """Figures of the first groups that both sides have enough images of.

        Groups that prompts have of their own are not the real images': of these the figures are
        taken that captions alone give.
        """
        real_images = self.references.holdout
        theirs = real_images.groups(self.protocol.groups) if real_images else {}
        groups: dict[str, dict[str, Figure]] = {}
        for group, rows in images.groups(self.protocol.groups).items():
            alone = bool(images.prompt_groups) and group not in theirs
            real = theirs.get(group, np.empty(0, np.intp))
            least = len(rows) if alone else min(len(rows), len(real))
            if len(groups) == MOST_GROUPS or least < GROUP_IMAGES:
                continue
            found = Found()
            seen = [sight for sight in sights if not alone or isinstance(sight, OF_CAPTIONS)]
            parts = [sight.rows(rows, real) for sight in seen]
            for take in self._takes(parts, in_groups=True):
                self._run(take, found, len(rows), seed)
            groups[group] = found.figures
        return groups

    def _key(self, sight: Sight, against: str) -> str | None:
        """Content key of what a figure was measured against."""
        if against == CAPTIONS:
            return sight.key if isinstance(sight, OF_CAPTIONS) else None
        images = self.references.behind(against)
        return images.key if images else None


def _from(family: str) -> dict[str, str]:
    """What figures of a plug-in must share besides: its package, in the same version."""
    packages = METRICS.packages(family)
    return {"package": ", ".join(map(" ".join, packages.items()))} if packages else {}
