"""The section `process`."""

from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, model_validator

from components.spec.catalogue import PREDICTIONS, SCHEDULES
from components.spec.choices import Choices
from components.spec.sections.base import MOST_NOISE, Options, Section, refuse_unread
from components.spec.sections.names import OneOf


class ProcessSpec(Section):
    """The forward process and what the network predicts."""

    schedule: Annotated[str, OneOf("schedules")] = Field("cosine", description="noise schedule")
    prediction: Annotated[str, OneOf("predictions")] = Field("v", description="prediction target")
    steps: int = Field(1000, ge=2, le=10_000, description="length of the discrete table")
    table: list[Annotated[float, Field(ge=0.0, lt=1.0)]] | None = Field(
        None, description="schedule `table`: ᾱ at equal times, falling; few are interpolated"
    )
    zero_terminal_snr: bool = Field(False, description="rescale a discrete table to end at SNR 0")
    steps_offset: int = Field(
        0,
        ge=0,
        le=100,
        exclude_if=lambda offset: not offset,
        description="entries by which grid `leading` is moved towards noise; Stable Diffusion: 1",
    )
    snr_shift: float = Field(1.0, gt=0.0, le=1000.0, description="divide the SNR by its square")
    sigma_min: float = Field(
        0.002, ge=1.0e-6, le=MOST_NOISE, description="schedule `edm`: least noise level"
    )
    sigma_max: float = Field(
        80.0, ge=1.0e-6, le=MOST_NOISE, description="schedule `edm`: largest noise level"
    )
    sigma_data: float = Field(
        0.5, ge=1.0e-3, le=1000.0, description="prediction `edm`: spread of the data"
    )
    options: Options = Field(default_factory=dict)

    @classmethod
    def plugged(cls) -> tuple[str, Choices[Any]]:
        return "schedule", SCHEDULES

    @model_validator(mode="after")
    def _schedule_and_prediction_fit_together(self) -> "ProcessSpec":
        schedule = SCHEDULES[self.schedule]
        for option in schedule.needs:
            if getattr(self, option) is None:
                raise ValueError(f"`{option}` must be given with schedule `{self.schedule}`")
        refuse_unread(self, "schedule", SCHEDULES)
        refuse_unread(self, "prediction", PREDICTIONS)
        if self.table is not None:
            check_table(self.table, self.steps)
        if self.sigma_min >= self.sigma_max:
            raise ValueError("`sigma_min` must be below `sigma_max`")
        if self.zero_terminal_snr and schedule.not_rescaled is not None:
            raise ValueError(
                f"`zero_terminal_snr` rescales a table; `{self.schedule}` {schedule.not_rescaled}"
            )
        if self.snr_shift != 1 and schedule.not_shifted is not None:
            raise ValueError(
                f"`snr_shift` divides the SNR; `{self.schedule}` {schedule.not_shifted}"
            )
        ends_at_zero = (
            self.zero_terminal_snr
            or schedule.ends_at_zero
            or (self.table is not None and self.table[-1] == 0)
        )
        if ends_at_zero and PREDICTIONS[self.prediction].needs_signal:
            raise ValueError(
                f"`{self.prediction}` says nothing about the image where the SNR is 0: use `v`, "
                "`x0` or `flow`"
            )
        return self


def check_table(values: list[float], steps: int) -> None:
    """Raise ValueError unless ``values`` can be a table of ᾱ with ``steps`` entries."""
    if not 2 <= len(values) <= steps:
        raise ValueError(f"`table` has {len(values)} values: give 2 to `steps` = {steps}")
    if any(a <= b for a, b in pairwise(values)):
        raise ValueError("`table` must fall: it is ᾱ from the least noisy time to the noisiest")
    if len(values) < steps and values[-1] == 0:
        raise ValueError("`table` is interpolated in log-SNR, so it cannot end at 0: give 1e-6")
