"""What the judge found of one image set, and the files that it becomes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.evaluation.metrics.training_neighbours import ClosestPair
from components.evaluation.records import MetricRecord, write_metrics
from components.figures.statistics.measured import Measured
from components.files.json_file import write_json

METRICS = "metrics.json"
PSEUDO_VALUES = "pseudo_values.npz"
PAIRS, PAIR_IMAGES = "closest_pairs.json", "closest_pairs.npy"


@dataclass(frozen=True)
class ClosestPairs:
    """The generated images that lie closest to training images.

    Attributes:
        extractor: by whose features.
        pairs: closest first, by ratio.
        images: (pairs, 2, height, width, channel) uint8: generated, nearest training image.
    """

    extractor: str
    pairs: list[ClosestPair]
    images: NDArray[np.uint8]


@dataclass(frozen=True)
class Judgement:
    """Every figure of an image set.

    Attributes:
        records: by full name.
        measured: the same figures with what each image adds, for comparisons in pairs.
        groups: figures of parts of the images: group → name → record.
        left_out: figures that could not be measured, and why.
        closest: what shows whether the model copies; None where training images are not known.
        notes: sentences about the images that bear on every figure.
    """

    records: Mapping[str, MetricRecord]
    measured: Mapping[str, Measured]
    groups: Mapping[str, Mapping[str, MetricRecord]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    closest: ClosestPairs | None = None
    notes: tuple[str, ...] = ()

    def beside(self, other: "Judgement") -> "Judgement":
        """Both, where they tell of different figures; the notes are this one's."""
        groups = {**self.groups}
        for group, records in other.groups.items():
            groups[group] = {**groups.get(group, {}), **records}
        return Judgement(
            {**self.records, **other.records},
            {**self.measured, **other.measured},
            groups,
            {**self.left_out, **other.left_out},
            other.closest or self.closest,
            self.notes,
        )

    def write(
        self,
        out: Path,
        seeds: NDArray[np.int64] | None = None,
        beside: Mapping[str, MetricRecord] | None = None,
    ) -> None:
        """Write metrics.json, pseudo_values.npz and closest_pairs.{json,npy}.

        Args:
            seeds: (n,) what each image was drawn from; images without seeds are never paired.
            beside: records of the same model that stand in metrics.json too.
        """
        records = {**self.records, **(beside or {})}
        write_metrics(out / METRICS, records, self.groups, self.left_out, self.notes)
        np.savez(out / PSEUDO_VALUES, **self._arrays(seeds))  # type: ignore[arg-type]
        if self.closest:
            np.save(out / PAIR_IMAGES, self.closest.images)
            pairs = [asdict(pair) for pair in self.closest.pairs]
            write_json(out / PAIRS, {"extractor": self.closest.extractor, "pairs": pairs})

    def _arrays(self, seeds: NDArray[np.int64] | None) -> dict[str, NDArray[np.generic]]:
        arrays: dict[str, NDArray[np.generic]] = {}
        for name, measured in self.measured.items():
            for part in ("generated", "reference", "crossed"):
                values = getattr(measured, part)
                if values is not None:
                    arrays[f"{name}|{part}"] = values
        if seeds is not None:
            arrays["seeds"] = seeds
        return arrays
