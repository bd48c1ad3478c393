"""The judge: from images to figures, with one pass of features a set and extractor."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from components.errors import AlphabarError
from components.evaluation.captions import (
    CAPTION_FAMILIES,
    CaptionView,
    Clip,
    Domain,
    Published,
)
from components.evaluation.degenerate import notes_on
from components.evaluation.families import FAMILIES, Finding, View, long_work
from components.evaluation.features.feature_bank import FeatureBank, FeatureSet
from components.evaluation.images.image_files import alike
from components.evaluation.images.image_set import ImageSet
from components.evaluation.judgement import ClosestPairs, Judgement
from components.evaluation.metrics.training_neighbours import closest_pairs
from components.evaluation.protocol import EvaluationProtocol
from components.evaluation.recognition import Recogniser, train_recogniser
from components.evaluation.records import RECOGNISED_SVC, MetricRecord
from components.evaluation.references import References
from components.evaluation.side_by_side import side_by_side
from components.figures.statistics.measured import Measured
from components.spec.metrics import metric_name

GROUP_FAMILIES = ("fd", "kd", "precision", "recall", "clip_score")
"""What is measured of each group of images, besides recognition."""

GROUP_IMAGES, MOST_GROUPS = 20, 100
"""Groups with fewer images on either side are left out, and those after so many."""

RANKING = ("fd", "recognised")
"""Figures that a run goes on with: never left out in silence."""

SHOWN_PAIRS = 24


@dataclass(frozen=True)
class _Take:
    """One figure to be taken.

    Attributes:
        name: its full name.
        family: what it is an instance of.
        extractor, resize: who judges, for the record.
        measure: takes it; None where it does not apply.
    """

    name: str
    family: str
    extractor: str
    resize: str
    measure: Callable[[], Finding | None]


class Judge:
    """Measures image sets against references. Networks are loaded when first needed, once.

    Attributes:
        protocol: what is measured, and how.
        references: the real images.
        bank: where features come from.
    """

    def __init__(
        self,
        protocol: EvaluationProtocol,
        references: References,
        bank: FeatureBank,
        scorer_dir: Path | None = None,
    ) -> None:
        self.protocol, self.references, self.bank = protocol, references, bank
        self._scorer_dir = scorer_dir

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

    def only(self, families: Collection[str], classifier: str | None = None) -> "Judge":
        """A judge of some families; ``classifier`` replaces the protocol's."""
        protocol = replace(
            self.protocol,
            families=tuple(families),
            classifier=classifier or self.protocol.classifier,
        )
        return Judge(protocol, self.references, self.bank, self._scorer_dir)

    @cached_property
    def clip(self) -> Clip | None:
        """The model that reads captions, if there is one."""
        if self.protocol.clip == "none":
            return None
        if self.protocol.clip != "domain":
            return Published(self.protocol.clip, self.bank)
        if self._scorer_dir is None:
            return None
        return Domain(self._scorer_dir, self.bank)

    @cached_property
    def recogniser(self) -> Recogniser:
        """The classifier of real images, trained on the training images when first asked for."""
        if self.references.training is None:
            raise AlphabarError(
                "a classifier of real images needs the training images, which are not known",
                "set `evaluation.classifier: none`",
            )
        return train_recogniser(
            self.references.training, self.references.holdout, self.protocol.confidence
        )

    def names(self) -> list[str]:
        """Every figure that it may take; some need classes, captions or training images."""
        protocol = self.protocol
        families = [family for family in FAMILIES if family in protocol.families]
        names = [metric_name(f, extractor) for extractor in protocol.extractors for f in families]
        if clip := self.clip:
            names += [_of_captions(f, clip) for f in CAPTION_FAMILIES if f in protocol.families]
        return [*names, RECOGNISED_SVC] if protocol.classifier == "svc" else names

    def measure(self, images: ImageSet, seed: int | None) -> Judgement:
        """All figures of a set of images.

        Args:
            seed: the first image's seed, for the record; None where there is none.

        Raises:
            AlphabarError: the images are too few or not images, a caption or class is missing,
                or a family that the file demands cannot be measured.
        """
        if not images.class_names:
            images = replace(images, class_names=self.references.holdout.class_names)
        views = {name: self.view(images, name) for name in self.protocol.extractors}
        first, captions = views[self.protocol.extractors[0]], self.caption_view(images)
        families = self.protocol.families
        side_by_side([work for view in views.values() for work in long_work(view, families)])
        found = _Found()
        for take in self._takes(images, views, captions, families):
            self._run(take, found, len(images), seed)
        groups = self._groups(images, first, captions, seed)
        return Judgement(
            found.records,
            found.measured,
            groups,
            found.left_out,
            self._closest(images, first),
            tuple(notes_on(first, self.references.name("reference"))),
        )

    def view(self, images: ImageSet, extractor: str) -> View:
        """The sets as one extractor sees them."""
        training = self.references.training
        asked = {"authenticity", "neighbour_ratio"} & set(self.protocol.families)
        return View(
            self._features(images, extractor),
            self._features(self.references.holdout, extractor),
            self._features(training, extractor) if training and asked else None,
            self.bank,
            self.protocol.confidence,
            self.protocol.neighbours,
            "kd_subsets" in self.protocol.families,
        )

    def caption_view(self, images: ImageSet) -> CaptionView | None:
        """Images and captions in the CLIP's space, where there is one and there are captions."""
        asked = set(CAPTION_FAMILIES) & set(self.protocol.families)
        if not asked or not any(images.captions) or self.clip is None:
            return None
        if bare := sum(not caption for caption in images.captions):
            raise AlphabarError(
                f"{bare} of {len(images)} images have no caption",
                "give every image a caption, or set `evaluation.clip: none`",
            )
        return CaptionView.of(self.clip, images.images, images.captions, self.protocol.confidence)

    def _features(self, images: ImageSet, extractor: str) -> FeatureSet:
        return self.bank.features(images.images, extractor, self.protocol.size, images.digest)

    def _takes(
        self,
        images: ImageSet,
        views: Mapping[str, View],
        captions: CaptionView | None,
        families: Collection[str],
    ) -> Iterator[_Take]:
        for extractor, view in views.items():
            for family in (f for f in FAMILIES if f in families):
                name, resize = metric_name(family, extractor), view.generated.resize
                yield _Take(name, family, extractor, resize, partial(FAMILIES[family], view))
        if captions and self.clip:
            for family in (f for f in CAPTION_FAMILIES if f in families):
                name = _of_captions(family, self.clip)
                measure = partial(CAPTION_FAMILIES[family], captions)
                yield _Take(name, family, self.clip.name, self.clip.resize, measure)
        if self.protocol.classifier == "svc":
            recognised = partial(self._recognised, images)
            yield _Take(RECOGNISED_SVC, "recognised", "svc", "none", recognised)

    def _recognised(self, images: ImageSet) -> Finding:
        share = self.recogniser.share(images.array(), images.classes, self.protocol.confidence)
        training = self.references.training
        return Finding(share, "training", len(training) if training else 0)

    def _run(self, take: _Take, found: "_Found", n: int, seed: int | None) -> None:
        """Take one figure, or note why it cannot be taken."""
        try:
            finding = take.measure()
        except AlphabarError as error:
            if self.protocol.demanded or take.family in RANKING:
                raise
            found.left_out[take.name] = error.what
            return
        if finding:
            found.records[take.name] = self._record(take, finding, n, seed)
            found.measured[take.name] = finding.measured

    def _record(self, take: _Take, finding: Finding, n: int, seed: int | None) -> MetricRecord:
        accuracy = self.recogniser.accuracy.value if take.family == "recognised" else None
        return MetricRecord.of(
            finding.measured.estimate,
            n_generated=n,
            n_reference=finding.n_reference,
            extractor=take.extractor,
            resize=take.resize,
            reference=self.references.name(finding.against),
            data_hash=self.references.holdout.data_hash,
            seed=seed,
            classifier_accuracy=accuracy,
            chance=finding.chance,
            settings=finding.settings,
            reference_key=self._key(finding.against),
        )

    def _groups(
        self, images: ImageSet, view: View, captions: CaptionView | None, seed: int | None
    ) -> dict[str, dict[str, MetricRecord]]:
        """Figures of the first groups that both sides have enough images of."""
        families = set(GROUP_FAMILIES) & set(self.protocol.families)
        theirs = self.references.holdout.groups(self.protocol.groups)
        groups: dict[str, dict[str, MetricRecord]] = {}
        for group, rows in images.groups(self.protocol.groups).items():
            real = theirs.get(group, np.empty(0, np.intp))
            if len(groups) == MOST_GROUPS or min(len(rows), len(real)) < GROUP_IMAGES:
                continue
            found = _Found()
            part = {self.protocol.extractors[0]: view.rows(rows, real)}
            said = captions.rows(rows) if captions else None
            for take in self._takes(images.rows(rows), part, said, families):
                self._run(take, found, len(rows), seed)
            groups[group] = found.records
        return groups

    def _closest(self, images: ImageSet, view: View) -> ClosestPairs | None:
        training = self.references.training
        try:
            copies = view.copies
        except AlphabarError:  # the figures of copies are left out for the same reason
            return None
        if copies is None or training is None:
            return None
        pairs = closest_pairs(copies, SHOWN_PAIRS)
        ours = images.thumbnails([pair.generated for pair in pairs])
        theirs = training.thumbnails([pair.training for pair in pairs])
        pictures = np.stack(alike(ours, theirs), axis=1)
        return ClosestPairs(view.generated.extractor, pairs, pictures)

    def _key(self, against: str) -> str | None:
        """Content key of what a figure was measured against."""
        if against == "captions":
            return self.clip.key if self.clip else None
        images = self.references.behind(against)
        return images.key if images else None


def _of_captions(family: str, clip: Clip) -> str:
    """The full name of a figure of captions."""
    return f"{family}_{clip.suffix}" if clip.suffix else family


@dataclass(frozen=True)
class _Found:
    records: dict[str, MetricRecord] = field(default_factory=dict)
    measured: dict[str, Measured] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
