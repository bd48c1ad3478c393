"""The section `training`."""

import math
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.errors import AlphabarError
from components.spec.catalogue import LOSS_WEIGHTS, OPTIMIZERS, TIME_SAMPLINGS
from components.spec.catalogue.optimizers import USUAL
from components.spec.metrics import METRICS, deciding_figures, family_of, lower_is_better
from components.spec.sections.base import (
    MOST_SEED,
    MOST_STEPS,
    Section,
    Switch,
    Unkeyed,
    refuse_unread,
)
from components.spec.sections.names import OneOf, unknown_name

DECIDED_BY_EVALUATIONS = ("select_by", "patience", "publish")
"""Fields of the training section that mean nothing without evaluations."""

OF_EVALUATIONS = (
    "evaluate_at",
    "evaluate_samples",
    "evaluate_steps",
    "evaluate_size",
    "evaluate_guidance",
)
"""Fields that say how an evaluation is done."""

SHOWN = 30
"""Images on the picture of an evaluation, where it draws so many."""


class TrainingSpec(Section):
    """How the network is trained, and how it is watched meanwhile."""

    steps: int = Field(20_000, ge=1, le=MOST_STEPS, description="optimiser steps")
    batch_size: int = Field(128, ge=1, le=65_536, description="rows a step")
    accumulate: int = Field(
        1,
        ge=1,
        le=65_536,
        exclude_if=lambda parts: parts == 1,
        description="parts that a step's rows are computed in, one after another: less memory",
    )
    gradient_checkpointing: Annotated[bool, Unkeyed()] = Field(
        False,
        description="compute activations again in the backward pass: less memory, a third more "
        "work (55 to 75 % more time on two cores)",
    )
    optimizer: Annotated[str, OneOf("optimizers")] = Field(
        USUAL, exclude_if=lambda name: name == USUAL, description="what moves the weights"
    )
    lr: float = Field(1.0e-4, gt=0.0, le=1.0, description="learning rate")
    lr_decay: Literal["constant", "cosine"] = Field("cosine", description="after the warm-up")
    warmup_steps: int = Field(
        100, ge=0, le=MOST_STEPS, description="linear learning-rate warm-up, steps"
    )
    weight_decay: float = Field(
        0.0, ge=0.0, le=1.0, description="weight decay, apart from the gradient"
    )
    gradient_clip: float = Field(
        1.0, ge=0.0, le=1.0e6, description="largest gradient norm; 0 is off"
    )
    ema: float = Field(0.999, ge=0.0, lt=1.0, description="EMA decay a step, after warm-up")
    ema_snapshots: int = Field(
        0, ge=0, le=1000, description="snapshots of two power-function EMAs; 0 is off"
    )
    loss_weight: Annotated[str, OneOf("loss-weights")] = Field(
        "uniform", description="how much each noise level counts"
    )
    snr_gamma: float = Field(5.0, gt=0.0, le=1.0e6, description="min_snr: largest weight on x0")
    time_sampling: Annotated[str, OneOf("time-samplings")] = Field(
        "uniform", description="which noise levels are drawn"
    )
    time_mean: float | None = Field(
        None,
        ge=-100.0,
        le=100.0,
        description="logit_normal: mean, 0 unless given; lognormal_sigma: -1.2",
    )
    time_std: float | None = Field(
        None,
        gt=0.0,
        le=100.0,
        description="logit_normal: deviation, 1 unless given; lognormal_sigma: 1.2",
    )
    offset_noise: float = Field(
        0.0, ge=0.0, le=1.0, description="spread of noise that is the same over a whole channel"
    )
    input_perturbation: float = Field(
        0.0, ge=0.0, le=1.0, description="extra noise in the input that is not to be predicted"
    )
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        "32-true",
        description="of the network's arithmetic; auto: what is faster on this machine, 32-true or "
        "bf16-mixed, measured once",
    )
    compile: Switch = Field(
        "off",
        exclude_if=lambda compile: compile == "off",
        description="whether torch.compile makes the network's kernels; auto: where that pays "
        "within `steps` on this machine, measured once",
    )
    log_every: int = Field(
        10,
        ge=1,
        le=MOST_STEPS,
        exclude_if=lambda steps: steps == 10,
        description="steps between rows of history.csv; the loss is looked at then",
    )
    seed: int = Field(0, ge=0, le=MOST_SEED, description="seed of weights, batches and noise")
    checkpoint_every: Annotated[int, Unkeyed()] = Field(
        200,
        ge=1,
        le=MOST_STEPS,
        description="most steps between resume points; a minute is the most as well",
    )
    evaluate_every: int = Field(
        1000, ge=0, le=MOST_STEPS, description="steps between evaluations; 0 is off"
    )
    evaluate_at: list[Annotated[int, Field(ge=1, le=MOST_STEPS)]] = Field(
        default_factory=list, max_length=1000, description="steps of further evaluations"
    )
    evaluate_samples: int = Field(256, ge=20, le=50_000, description="EMA samples an evaluation")
    evaluate_steps: int = Field(20, ge=1, le=1000, description="DDIM steps of those samples")
    evaluate_size: int = Field(64, ge=32, le=1024, description="feature size then, pixels")
    evaluate_guidance: float = Field(2.0, ge=0.0, le=50.0, description="guidance of those samples")
    select_by: str | None = Field(
        None, description="figure that the best evaluation has; none: the Fréchet distance"
    )
    patience: int = Field(
        0,
        ge=0,
        le=MOST_STEPS,
        description="evaluations in a row, worse than the best by more than the interval, that end "
        "training; 0 is off",
    )
    publish: Literal["last", "best"] = Field(
        "last", description="which weights are the model; the others are kept beside it"
    )

    @model_validator(mode="after")
    def _options_are_read(self) -> "TrainingSpec":
        refuse_unread(self, "loss_weight", LOSS_WEIGHTS)
        refuse_unread(self, "time_sampling", TIME_SAMPLINGS)
        return self

    @model_validator(mode="after")
    def _no_part_is_empty(self) -> "TrainingSpec":
        if self.accumulate > self.batch_size:
            raise ValueError(
                f"`accumulate: {self.accumulate}` is more than `batch_size: {self.batch_size}`"
            )
        return self

    @model_validator(mode="after")
    def _evaluations_can_decide(self) -> "TrainingSpec":
        for name in DECIDED_BY_EVALUATIONS:
            given = getattr(self, name)
            if not self.evaluate_every and given != type(self).model_fields[name].default:
                raise ValueError(f"`{name}: {given}` has no meaning with `evaluate_every: 0`")
        return self

    @model_validator(mode="after")
    def _evaluations_are_reached(self) -> "TrainingSpec":
        if late := [step for step in self.evaluate_at if step > self.steps]:
            raise ValueError(f"`evaluate_at: {late[0]}` lies behind the last of `steps`")
        return self

    def evaluates(self, step: int) -> bool:
        """Whether the network is evaluated after ``step``."""
        if not self.evaluate_every:
            return False
        return step % self.evaluate_every == 0 or step == self.steps or step in self.evaluate_at

    def logs(self, step: int) -> bool:
        """Whether the loss is read after ``step``, for a row of history.csv."""
        return step % self.log_every == 0 or step == self.steps

    def may_end(self, step: int) -> bool:
        """Whether the evaluation after ``step`` may end training."""
        return self.patience > 0 and self.evaluates(step)

    @property
    def evaluations(self) -> int:
        """How often it is evaluated in all, where nothing ends training before."""
        if not self.evaluate_every:
            return 0
        further = {step for step in self.evaluate_at if step % self.evaluate_every}
        return math.ceil(self.steps / self.evaluate_every) + len(further - {self.steps})

    @property
    def images_drawn(self) -> int:
        """How many images evaluations draw in all, with those of the picture at step 0."""
        first = min(SHOWN, self.evaluate_samples) if self.evaluations else 0
        return self.evaluations * self.evaluate_samples + first

    @model_validator(mode="after")
    def _the_deciding_figure_is_known(self) -> "TrainingSpec":
        if self.select_by is None:
            return self
        if family_of(self.select_by) is None:
            raise unknown_name("select_by", self.select_by, deciding_figures())
        try:
            lower_is_better(self.select_by)
        except AlphabarError as error:
            raise ValueError(f"`select_by`: {error.what}: {error.remedy}") from None
        if family_of(self.select_by) not in METRICS.own:
            raise ValueError(f"`{self.select_by}` is a plug-in's: it is not taken in training")
        return self

    def packages(self) -> dict[str, str]:
        """The package of the optimiser, where it is not torch's.

        Raises:
            AlphabarError: it is not installed.
        """
        package = OPTIMIZERS[self.optimizer].package
        if package is None:
            return {}
        try:
            return {package: version(package)}
        except PackageNotFoundError:
            raise AlphabarError(
                f"`training.optimizer: {self.optimizer}` needs the package {package}, which is "
                "not installed",
                f"pip install {package}, or use another optimizer",
            ) from None

    def unread(self) -> frozenset[str]:
        return frozenset() if self.evaluate_every else frozenset(OF_EVALUATIONS)

    def settled(self) -> Self:
        """Besides, a mean or deviation that is the authors' own is not given, and steps are in
        their order."""
        settled = super().settled()
        if settled.evaluate_at:
            settled = settled.model_copy(update={"evaluate_at": sorted({*settled.evaluate_at})})
        own = TIME_SAMPLINGS[self.time_sampling].normal
        given = {"time_mean": self.time_mean, "time_std": self.time_std}
        pairs = zip(given.items(), own, strict=True)
        same = {name: None for (name, value), default in pairs if value == default}
        return settled.model_copy(update=same) if same else settled
