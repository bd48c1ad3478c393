"""The record of one figure: never a bare number, always with its interval and its protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.figures.statistics.intervals import Estimate
from components.files.json_file import load_json, write_json
from components.files.manifest import intact

OPTIONAL = frozenset({"seed", "classifier_accuracy", "chance", "settings", "reference_key"})
"""Fields that only some records have."""


@dataclass(frozen=True)
class MetricRecord:
    """A figure, its interval, and all that it must share with a figure it is compared with.

    Attributes:
        value, low, high: the figure and the ends of its interval.
        confidence: level of the interval, such as 0.95.
        interval: how the interval was made.
        n_generated: images that were judged.
        n_reference: images (or captions) that they were judged against.
        extractor: the network that judged.
        resize: how images were brought to its size.
        reference: what n_reference counts: a split of the data, or captions.
        data_hash: DVC hash of the raw data behind the reference.
        seed: the first seed of the judged images; None for images that were not sampled.
        classifier_accuracy: the classifier's own share on real held-out images.
        chance: what a guess would reach.
        settings: what else two figures must share, such as k of precision and recall.
        reference_key: content key of what was judged against: real images, or a scorer's weights.
    """

    value: float
    low: float
    high: float
    confidence: float
    interval: str
    n_generated: int
    n_reference: int
    extractor: str
    resize: str
    reference: str
    data_hash: str
    seed: int | None = None
    classifier_accuracy: float | None = None
    chance: float | None = None
    settings: Mapping[str, Any] | None = None
    reference_key: str | None = None

    @classmethod
    def of(
        cls,
        estimate: Estimate,
        *,
        n_generated: int,
        n_reference: int,
        extractor: str,
        resize: str,
        reference: str,
        data_hash: str,
        seed: int | None,
        classifier_accuracy: float | None = None,
        chance: float | None = None,
        settings: Mapping[str, Any] | None = None,
        reference_key: str | None = None,
    ) -> "MetricRecord":
        """A record from an estimate and the rest of the fields."""
        return cls(
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            confidence=estimate.confidence,
            interval=estimate.method,
            n_generated=n_generated,
            n_reference=n_reference,
            extractor=extractor,
            resize=resize,
            reference=reference,
            data_hash=data_hash,
            seed=seed,
            classifier_accuracy=classifier_accuracy,
            chance=chance,
            settings=dict(settings) if settings else None,
            reference_key=reference_key,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the fields that do not apply."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "MetricRecord":
        """The inverse of `to_json`. Raises AlphabarError naming a missing or unknown field."""
        known = {field.name for field in fields(cls)}
        missing = known - OPTIONAL - values.keys()
        if wrong := sorted(missing | (values.keys() - known)):
            raise AlphabarError(
                f"a metric record has missing or unknown fields: {', '.join(wrong)}",
                "delete its directory and run the experiment again",
            )
        return cls(**values)


def write_metrics(
    path: Path,
    records: Mapping[str, MetricRecord],
    groups: Mapping[str, Mapping[str, MetricRecord]] | None = None,
    left_out: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write ``{"metrics": {name: record}}``.

    Args:
        groups: figures of parts of the images: group → name → record.
        left_out: what was not measured, and why.
        notes: sentences about the images.
    """
    content: dict[str, Any] = {"metrics": _plain(records)}
    if groups:
        content["groups"] = {group: _plain(each) for group, each in groups.items()}
    if left_out:
        content["left_out"] = dict(left_out)
    if notes:
        content["notes"] = list(notes)
    write_json(path, content)


def _plain(records: Mapping[str, MetricRecord]) -> dict[str, Any]:
    return {name: record.to_json() for name, record in records.items()}


def read_metrics(path: Path) -> dict[str, MetricRecord]:
    """The records in a metrics.json. Raises AlphabarError when it is missing or broken."""
    try:
        document = load_json(intact(path))
    except FileNotFoundError:
        raise AlphabarError(
            f"{path} does not exist", "give the directory of a published stage"
        ) from None
    except ValueError as error:
        raise AlphabarError(
            f"{path} is not JSON: {error}", "delete its directory and run the experiment again"
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("metrics"), dict):
        raise AlphabarError(
            f"{path} holds no metrics", "delete its directory and run the experiment again"
        )
    return {name: MetricRecord.from_json(r) for name, r in document["metrics"].items()}
