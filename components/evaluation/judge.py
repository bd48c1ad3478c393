"""The judge: from images to records, with one pass of features an image set."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from components.data.arrays import load_info, load_split
from components.errors import AlphabarError
from components.evaluation.clip_score import clip_score_estimate
from components.evaluation.domain_clip import NAME, DomainClip, load_scorer
from components.evaluation.extractors import Extractor, build_extractor
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.frechet import frechet_estimate
from components.evaluation.intervals import Estimate
from components.evaluation.kernel import kernel_estimate
from components.evaluation.pixels import resize_name
from components.evaluation.recognition import Recogniser, train_recogniser
from components.evaluation.records import (
    CLIP_SCORE_DOMAIN,
    RECOGNISED_SVC,
    MetricRecord,
    fd_name,
    kd_name,
    read_metrics,
)
from components.runtime import Progress, silent

FEATURES_FILE = "holdout_features.npy"


@dataclass(frozen=True)
class EvaluationProtocol:
    """The part of the evaluation section that figures must share to be compared.

    Attributes:
        extractor: a key of `components.evaluation.extractors.EXTRACTORS`.
        size: side at which features are taken, pixels.
        classifier: ``svc`` or ``none``.
        confidence: level of every interval.
    """

    extractor: str
    size: int
    classifier: str
    confidence: float

    @classmethod
    def of(cls, spec: dict[str, Any]) -> "EvaluationProtocol":
        """From the evaluation section as plain values."""
        return cls(spec["extractor"], spec["size"], spec["classifier"], spec["confidence"])


class Judge:
    """Measures image sets against one reference. Models are loaded when first needed, once.

    Attributes:
        protocol: what is measured, and how.
        data: the prepared directory whose holdout is the reference.
        scorer_dir: the domain CLIP's directory; None leaves the CLIP score out.
        device: where networks compute.
        reference_features: (n, d) float32, the holdout's; None until they are known.
    """

    def __init__(
        self,
        protocol: EvaluationProtocol,
        data: Path,
        scorer_dir: Path | None,
        device: torch.device | str = "cpu",
        reference_features: NDArray[np.float32] | None = None,
    ) -> None:
        self.protocol = protocol
        self.data = data
        self.scorer_dir = scorer_dir
        self.device = torch.device(device)
        self.reference_features = reference_features

    @classmethod
    def load(
        cls,
        reference_dir: Path,
        data_dir: Path,
        scorer_dir: Path | None,
        spec: dict[str, Any],
        device: torch.device | str = "cpu",
    ) -> "Judge":
        """A judge with the reference that the stage `reference` left in ``reference_dir``.

        Args:
            data_dir: the prepared directory that the reference was made from.
            scorer_dir: the stage `scorer`'s output; None leaves the CLIP score out.
            spec: the evaluation section; its ``size`` is the reference's.

        Raises:
            AlphabarError: the reference is missing or broken, or was made from other data, with
                another extractor or at another size.
        """
        protocol = EvaluationProtocol.of(spec)
        judge = cls(protocol, data_dir, scorer_dir, device, _read_features(reference_dir))
        judge._check_reference(reference_dir)
        return judge

    @cached_property
    def data_hash(self) -> str:
        """DVC hash of the raw data behind the reference."""
        return load_info(self.data).data_hash

    @cached_property
    def extractor(self) -> Extractor:
        """The feature extractor."""
        return build_extractor(self.protocol.extractor, self.protocol.size, self.device)

    @cached_property
    def scorer(self) -> DomainClip | None:
        """The domain CLIP, if there is one."""
        return load_scorer(self.scorer_dir, self.device) if self.scorer_dir else None

    @cached_property
    def recogniser(self) -> Recogniser:
        """The classifier of real images, trained on the training split when first asked for."""
        train, holdout = load_split(self.data, "train"), load_split(self.data, "holdout")
        return train_recogniser(train, holdout, self.protocol.confidence)

    def measure(
        self,
        images: NDArray[np.uint8],
        classes: NDArray[np.int64],
        captions: Sequence[str],
        seed: int,
        progress: Progress = silent,
    ) -> dict[str, MetricRecord]:
        """All figures of a set of images.

        Args:
            images: (n, height, width, channel) uint8.
            classes: (n,) what each was asked to show; -1 where there are no classes.
            captions: n texts that each was asked for; all empty leaves the CLIP score out.
            seed: the first image's seed, for the record.

        Returns:
            records by name: ``fd_<extractor>``, ``kd_<extractor>``, and ``clip_score_domain`` and
            ``recognised_svc`` where they apply.

        Raises:
            AlphabarError: the images are too few or not images, or classes or captions do not
                fit them.
        """
        if not len(images) == len(classes) == len(captions):
            raise AlphabarError(
                f"{len(images)} images, {len(classes)} classes and {len(captions)} captions do not "
                "belong together",
                "give one class and one caption an image",
            )
        features = self.extractor(images, progress)
        records = self.distances(features, seed)
        records |= self.caption_fit(images, features, captions, seed)
        if self.protocol.classifier == "svc":
            share = self.recogniser.share(images, classes, self.protocol.confidence)
            records[RECOGNISED_SVC] = self.recognition_record(share, len(images), seed)
        return records

    def distances(self, features: NDArray[np.float32], seed: int) -> dict[str, MetricRecord]:
        """Fréchet and kernel distance of features (n, d) to the reference's."""
        assert self.reference_features is not None, "the reference's features are not known yet"
        name, level, reference = (
            self.protocol.extractor,
            self.protocol.confidence,
            self.reference_features,
        )
        estimates = {
            fd_name(name): frechet_estimate(features, reference, level),
            kd_name(name): kernel_estimate(features, reference, level),
        }
        return {
            metric: MetricRecord.of(
                estimate,
                n_generated=len(features),
                n_reference=len(reference),
                extractor=name,
                resize=resize_name(self.protocol.size),
                reference="holdout",
                data_hash=self.data_hash,
                seed=seed,
            )
            for metric, estimate in estimates.items()
        }

    def caption_fit(
        self,
        images: NDArray[np.uint8],
        features: NDArray[np.float32],
        captions: Sequence[str],
        seed: int,
    ) -> dict[str, MetricRecord]:
        """The CLIP score, when there is a scorer and the images were asked for by caption.

        ``features`` are the images' own; they are used instead of a second pass where the scorer
        works at the same size.
        """
        if self.scorer is None or not any(captions):
            return {}
        if not all(captions):
            raise AlphabarError(
                f"{sum(not c for c in captions)} of {len(captions)} images have no caption",
                "give every image a caption, or set `evaluation.clip: none`",
            )
        same = (self.protocol.extractor, self.protocol.size)
        if same == (EfficientNetLite0.name, self.scorer.config.size):
            embeddings = self.scorer.project_features(features)
        else:
            embeddings = self.scorer.encode_images(images)
        estimate = clip_score_estimate(
            embeddings, self.scorer.encode_captions(captions), self.protocol.confidence
        )
        record = MetricRecord.of(
            estimate,
            n_generated=len(images),
            n_reference=len(set(captions)),
            extractor=NAME,
            resize=self.scorer.resize,
            reference="captions",
            data_hash=self.data_hash,
            seed=seed,
        )
        return {CLIP_SCORE_DOMAIN: record}

    def recognition_record(self, share: Estimate, n: int, seed: int) -> MetricRecord:
        """The record of a share of n images that the classifier recognised."""
        return MetricRecord.of(
            share,
            n_generated=n,
            n_reference=load_info(self.data).n_train,
            extractor="svc",
            resize="none",
            reference="train",
            data_hash=self.data_hash,
            seed=seed,
            classifier_accuracy=self.recogniser.accuracy.value,
        )

    def _check_reference(self, directory: Path) -> None:
        """The reference's own record must tell of the same protocol."""
        name = fd_name(self.protocol.extractor)
        record = read_metrics(directory / "metrics.json").get(name)
        wanted = (resize_name(self.protocol.size), self.data_hash)
        found = (record.resize, record.data_hash) if record else None
        if found != wanted:
            raise AlphabarError(
                f"{directory}: {name} was taken with (resize, data hash) {found}, not {wanted}",
                "give the reference that was made from this data at this size",
            )


def _read_features(directory: Path) -> NDArray[np.float32]:
    path = directory / FEATURES_FILE
    try:
        features: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise AlphabarError(
            f"{path} is missing or broken: {error}",
            "delete its directory and run `reference` again",
        ) from error
    return features
