"""What is measured and how: the part of the evaluation section that figures share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.evaluation.metrics.manifold import NEIGHBOURS
from components.spec.metrics import TAKEN, families_of
from components.spec.sections.evaluation import EvaluationSpec


@dataclass(frozen=True)
class EvaluationProtocol:
    """What figures must share to be compared.

    Attributes:
        extractors: the first one's Fréchet distance ranks cells.
        size: side at which efficientnet_lite0 looks, pixels.
        families: what is measured, of `components.spec.metric_families`.
        demanded: whether a family that cannot be measured is an error, and not left out.
        neighbours: reach of the balls of precision and its kin.
        clip: ``domain``, ``none`` or ``clip:MODEL:WEIGHTS``.
        preference: ``none``, ``pickscore:DIR`` or ``hps:FILE``.
        groups: ``class``, ``caption`` or ``none``.
        confidence: level of every interval.
        options: family of a plug-in → what it reads.
    """

    extractors: tuple[str, ...]
    size: int
    families: tuple[str, ...] = TAKEN
    demanded: bool = False
    neighbours: int = NEIGHBOURS
    clip: str = "none"
    preference: str = "none"
    groups: str = "none"
    confidence: float = 0.95
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, values: dict[str, Any]) -> "EvaluationProtocol":
        """From the evaluation section as plain values."""
        spec = EvaluationSpec.model_validate(values)
        families = list(TAKEN if spec.metrics is None else spec.metrics)
        families += families_of("preference") if spec.judges_preference else []
        families += families_of("classifier") if spec.recognises else []
        return cls(
            extractors=(spec.extractor, *spec.others),
            size=spec.size,
            families=tuple(families),
            demanded=spec.metrics is not None,
            neighbours=spec.neighbours,
            clip=spec.clip,
            preference=spec.preference,
            groups=spec.groups,
            confidence=spec.confidence,
            options=spec.options,
        )
