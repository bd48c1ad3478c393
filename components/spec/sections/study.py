"""The section `study` of the experiment file."""

from typing import Literal

from pydantic import Field, model_validator

from components.spec.sections.base import MOST_SEED, Section
from components.spec.sections.simulate import SimulateSpec


class StudySpec(Section):
    """The blind comparison of baseline and fine-tuned model."""

    pairs: int = Field(40, ge=1, le=10_000, description="what is judged: side-by-side choices")
    seed: int = Field(0, ge=0, le=MOST_SEED, description="seed of sides, order and who judges what")
    raters: int = Field(3, ge=1, le=100, description="people who judge each pair")
    people: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="annotators, each with a page; none: the fewest that are asked about 40 pairs "
        "each at most",
    )
    kind: Literal["pairwise", "realism"] = Field(
        "pairwise",
        description="two images side by side, or one: is it real or generated?",
    )
    questions: list[Literal["prompt", "quality"]] = Field(
        ["prompt", "quality"],
        min_length=1,
        max_length=2,
        description="of a pair: which image shows the words better, which looks better",
    )
    repeats: int = Field(6, ge=6, le=1000, description="pairs that each person is shown again")
    checks: int = Field(
        6, ge=6, le=1000, description="of each person whose answer is plain: a real image or noise?"
    )
    least_seconds: float = Field(
        0.5, ge=0.0, le=60.0, description="that a pair is looked at before an answer is taken"
    )
    simulate: SimulateSpec | None = Field(
        None,
        exclude_if=lambda simulate: simulate is None,
        description="simulated annotators answer it in the place of people, and it says so; "
        "none: people do",
    )

    def unread(self) -> frozenset[str]:
        """What is asked about one image is no choice."""
        return frozenset({"questions"} if self.kind == "realism" else ())

    @property
    def samples(self) -> int:
        """Samples of each model that it chooses from at least."""
        return self.pairs // 2 if self.kind == "realism" else self.pairs

    @model_validator(mode="after")
    def _can_be_drawn(self) -> "StudySpec":
        if len(set(self.questions)) < len(self.questions):
            raise ValueError("`questions` names one twice")
        people = self.people
        if people is not None and not self.raters <= people <= self.pairs * self.raters:
            raise ValueError(
                f"{people} people cannot judge {self.pairs} pairs, each of them {self.raters} "
                f"times: `people` is {self.raters} to {self.pairs * self.raters}"
            )
        if self.kind == "realism" and self.simulate is not None:
            raise ValueError("`simulate` answers studies of the kind pairwise only")
        return self
