"""The section `study.simulate` of the experiment file: who answers where no people do."""

from typing import Literal, get_args

from pydantic import Field

from components.spec.sections.base import MOST_SEED, Section

Taste = Literal["saturation", "brightness", "contrast", "sharpness", "candidate"]

TASTES: tuple[str, ...] = get_args(Taste)


class SimulateSpec(Section):
    """Simulated annotators with a stated taste; whatever is counted of them is marked so."""

    taste: Taste = Field(
        description="what they like more of in an image: saturation, brightness, contrast, "
        "sharpness; candidate: whatever the baseline did not draw"
    )
    strength: float = Field(
        2.0,
        ge=-20.0,
        le=20.0,
        description="log-odds of a choice between images one standard deviation apart (among "
        "those of one model); 0: no taste, below 0: they like less of it",
    )
    clickers: float = Field(0.1, ge=0.0, le=1.0, description="share who click at random")
    ties: float = Field(
        0.35, ge=0.0, le=10.0, description="log-odds below which two images are alike; 0: no ties"
    )
    seed: int = Field(0, ge=0, le=MOST_SEED, description="seed of people and answers")
