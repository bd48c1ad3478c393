"""A look at an autoencoder: held-out images beside what becomes of them, and their figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from components.data.arrays import load_info, load_split
from components.data.grids import contact_sheet
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.judge import Judge
from components.figures.figure import Figure
from components.figures.judgement import Judgement
from components.figures.protocol import Protocol
from components.figures.statistics.intervals import mean_interval
from components.figures.statistics.measured import Measured
from components.networks.codecs.levels import decoded_levels, from_levels
from components.runtime import Runtime
from components.spec.codec_files import DECIDING
from components.spec.metrics import RANKING, ranking_metric
from components.spec.sections.evaluation import EvaluationSpec
from components.training.likeness import likeness, likeness_of_each
from components.training.look import Seen

SHOWN, COLUMNS = 24, 12
"""Pairs in the picture, the original above its reconstruction; the worst first."""

_AT_ONCE = 256


@dataclass(frozen=True)
class ReconstructionLook:
    """Judges an autoencoder by the whole holdout, each image encoded to its mean and decoded.

    Attributes:
        images: (n, height, width, channel) uint8.
        captions: of the images, for the judge.
        ranking: PSNR.
    """

    images: NDArray[np.uint8]
    captions: Sequence[str]
    device: torch.device
    judge: Judge
    extractor: str
    data_hash: str
    confidence: float
    ranking: str = DECIDING
    asked: tuple[str, ...] = ()
    columns: int = COLUMNS

    @classmethod
    def over(
        cls, data: Path, runtime: Runtime, device: torch.device, extractor: str | None
    ) -> "ReconstructionLook":
        """The look at the holdout of prepared ``data``; ``extractor`` judges, as in the section
        `evaluation`, and the default does where it is None."""
        spec = EvaluationSpec(
            groups="none",
            clip="none",
            extractor=extractor or EvaluationSpec.model_fields["extractor"].default,
        )
        split, info = load_split(data, "holdout"), load_info(data)
        bank = FeatureBank(device, runtime.cache, weights=runtime.weights)
        judge = Judge.of_data(data, None, spec.model_dump(mode="json"), bank).only([RANKING])
        return cls(
            split.images,
            split.captions,
            device,
            judge,
            spec.extractor,
            info.data_hash,
            spec.confidence,
        )

    def names(self) -> list[str]:
        small = torch.empty(1, 1, *self.images.shape[1:3])
        alike = [f"reconstruction_{name}" for name in likeness(small)]
        return [*alike, ranking_metric(self.extractor)]

    def __call__(self, average: nn.Module) -> Seen:
        picture, judgement = self.judged(average)
        return Seen(picture, judgement.figures)

    def picture(self, average: nn.Module) -> NDArray[np.uint8]:
        found = self.reconstructed(average)
        return self._picture(found, likeness_of_each(found, self.images)["psnr"])

    def judged(self, network: nn.Module) -> tuple[NDArray[np.uint8], Judgement]:
        """The picture and all figures."""
        found = self.reconstructed(network)
        figures, psnr = self._alike(found)
        unlabelled = np.full(len(found), -1, dtype=np.int64)
        judged = ImageSet(found, unlabelled, self.captions, "reconstructions")
        distances = self.judge.measure(judged, None)
        return self._picture(found, psnr), Judgement(figures).beside(distances)

    @torch.no_grad()
    def reconstructed(self, network: Any) -> NDArray[np.uint8]:
        """(n, height, width, channel)."""
        parts = []
        for start in range(0, len(self.images), _AT_ONCE):
            images = _channels_first(self.images[start : start + _AT_ONCE]).to(self.device)
            decoded = network.decode(network.encode(from_levels(images)).latent_dist.mean)
            levels = decoded_levels(decoded.sample, "the autoencoder")
            parts.append(levels.permute(0, 2, 3, 1).cpu().numpy())
        return np.concatenate(parts)

    def _alike(self, found: NDArray[np.uint8]) -> tuple[dict[str, Figure], NDArray[Any]]:
        """PSNR and SSIM as figures, and the PSNR of each image."""
        protocol = Protocol(
            n_generated=len(found),
            n_reference=len(found),
            extractor="none",
            resize="none",
            reference="holdout",
            data_hash=self.data_hash,
        )
        figures, of_each = {}, likeness_of_each(found, self.images)
        for name, values in of_each.items():
            estimate = mean_interval(values, self.confidence)
            full = f"reconstruction_{name}"
            figures[full] = Figure(full, Measured(estimate), protocol)
        return figures, of_each["psnr"]

    def _picture(self, found: NDArray[np.uint8], psnr: NDArray[Any]) -> NDArray[np.uint8]:
        worst = np.argsort(psnr, kind="stable")[:SHOWN]
        lines = [worst[start : start + COLUMNS] for start in range(0, len(worst), COLUMNS)]
        rows = [part for line in lines for part in (self.images[line], found[line])]
        blank = np.full((COLUMNS, *self.images.shape[1:]), 255, np.uint8)
        whole = [np.concatenate([row, blank])[:COLUMNS] for row in rows]
        return contact_sheet(np.concatenate(whole), COLUMNS)


def _channels_first(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
