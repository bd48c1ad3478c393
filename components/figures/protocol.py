"""How a figure was measured: what it must share with a figure that it is compared with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from components.errors import AlphabarError

COUNT, CONFIDENCE = "n_generated", "confidence"

NOTHING = "none"
"""In a protocol where no network judged, nothing was resized, or nothing was compared with."""

CAPTIONS = "captions"
"""The reference of figures that tell how well images fit what they were asked for."""

COMPARED = (
    "extractor",
    "resize",
    "reference",
    "data_hash",
    "reference_key",
    COUNT,
    "n_reference",
    CONFIDENCE,
    "settings",
)
"""What two figures must share to be comparable.

The seed is not among them, nor how the interval was made: that gives the same value another one.
Nor is the engine: all of them give features that are equal to 1e-5, far below any interval.
"""


@dataclass(frozen=True)
class Protocol:
    """All of a figure's record but its value, its interval and the interval's level and method.

    Attributes:
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
        engine: what computed the judging network's features, such as ``onnxruntime 1.32.0``.
    """

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
    engine: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without what does not apply."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises AlphabarError naming a missing or unknown field."""
        known = {field.name: field.default for field in fields(cls)}
        missing = {name for name, default in known.items() if default is not None} - values.keys()
        if wrong := sorted(missing | (values.keys() - known.keys())):
            raise AlphabarError(f"missing or unknown fields: {', '.join(wrong)}", "")
        return cls(**values)
