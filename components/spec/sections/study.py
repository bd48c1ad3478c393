"""The section `study` of the experiment file."""

from pydantic import Field

from components.spec.sections.base import MOST_SEED, Section
from components.spec.sections.simulate import SimulateSpec


class StudySpec(Section):
    """The blind comparison of baseline and fine-tuned model."""

    pairs: int = Field(40, ge=1, le=10_000, description="side-by-side choices")
    seed: int = Field(0, ge=0, le=MOST_SEED, description="seed of sides and order")
    simulate: SimulateSpec | None = Field(
        None,
        exclude_if=lambda simulate: simulate is None,
        description="simulated annotators answer it in the place of people, and it says so; "
        "none: people do",
    )
