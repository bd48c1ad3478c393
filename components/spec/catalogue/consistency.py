"""Consistency distillation: what it reads of the experiment file, and what follows from that."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator


class ConsistencySettings(BaseModel):
    """What distillation reads."""

    teacher_steps: int = Field(
        50, ge=2, le=1000, description="consistency: DDIM steps of the teacher"
    )
    teacher_guidance: float = Field(
        1.0, ge=0.0, le=50.0, description="consistency: guidance that is distilled in"
    )
    segments: int = Field(
        2, ge=1, le=16, description="consistency: parts of the time, each crossed in one step"
    )

    @model_validator(mode="after")
    def _segments_are_equal(self) -> Self:
        if self.teacher_steps % self.segments:
            raise ValueError(
                f"`teacher_steps: {self.teacher_steps}` cannot be split into `segments: "
                f"{self.segments}` equal parts"
            )
        return self


def few_steps(section: Mapping[str, Any], baseline: Mapping[str, Any]) -> Mapping[str, Any]:
    """One DDIM step a segment, or consistency sampling in 2 steps; guidance is taken in."""
    kept = {name: baseline[name] for name in ("clip", "seed")}
    if section["segments"] == 1:
        return kept | {"solver": "consistency", "steps": 2}
    return kept | {"solver": "ddim", "steps": section["segments"]}


def one_step_a_segment(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """How evaluations sample it while it is trained."""
    return {"evaluate_steps": section["segments"], "evaluate_guidance": 1.0}


def teacher_and_average(section: Mapping[str, Any], conditional: bool) -> int:
    """A step of the teacher, and what the moving average makes of where it leads."""
    return 3 if conditional and section["teacher_guidance"] != 1 else 2
