"""The section `process`."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.spec.catalogue import PREDICTIONS, SCHEDULES
from components.spec.sections.base import MOST_NOISE, Section, refuse_unread


class ProcessSpec(Section):
    """The forward process and what the network predicts."""

    schedule: Literal[
        "linear", "scaled_linear", "cosine", "sigmoid", "table", "rectified_flow", "edm"
    ] = Field("cosine", description="noise schedule")
    prediction: Literal["eps", "x0", "v", "flow", "edm"] = Field(
        "v", description="prediction target"
    )
    steps: int = Field(1000, ge=2, le=10_000, description="length of the discrete table")
    table: list[Annotated[float, Field(ge=0.0, lt=1.0)]] | None = Field(
        None, description="schedule `table`: ᾱ at equal times, falling; few are interpolated"
    )
    zero_terminal_snr: bool = Field(False, description="rescale a discrete table to end at SNR 0")
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

    @model_validator(mode="after")
    def _schedule_and_prediction_fit_together(self) -> "ProcessSpec":
        if (self.schedule == "table") != (self.table is not None):
            raise ValueError("`table` is given with schedule `table`, and only with it")
        if self.table is not None:
            check_table(self.table, self.steps)
        if self.sigma_min >= self.sigma_max:
            raise ValueError("`sigma_min` must be below `sigma_max`")
        continuous = self.schedule in ("rectified_flow", "edm")
        if self.zero_terminal_snr and continuous:
            why = "has it" if self.schedule == "rectified_flow" else "cannot have it: its α is 1"
            raise ValueError(f"`zero_terminal_snr` rescales a table; `{self.schedule}` {why}")
        ends_at_zero = (
            self.zero_terminal_snr
            or self.schedule == "rectified_flow"
            or (self.table is not None and self.table[-1] == 0)
        )
        if ends_at_zero and self.prediction == "eps":
            raise ValueError(
                "`eps` says nothing about the image where the SNR is 0: use `v`, `x0` or `flow`"
            )
        refuse_unread(self, "schedule", SCHEDULES)
        refuse_unread(self, "prediction", PREDICTIONS)
        return self


def check_table(values: list[float], steps: int) -> None:
    """Raise ValueError unless ``values`` can be a table of ᾱ with ``steps`` entries."""
    if not 2 <= len(values) <= steps:
        raise ValueError(f"`table` has {len(values)} values: give 2 to `steps` = {steps}")
    if any(a <= b for a, b in pairwise(values)):
        raise ValueError("`table` must fall: it is ᾱ from the least noisy time to the noisiest")
    if len(values) < steps and values[-1] == 0:
        raise ValueError("`table` is interpolated in log-SNR, so it cannot end at 0: give 1e-6")
