"""Noise schedules by name. To add one: write its file, add its line here and in the spec."""

from collections.abc import Callable, Mapping
from typing import Any

from components.process.schedules.cosine import cosine
from components.process.schedules.edm import edm
from components.process.schedules.linear import linear, scaled_linear
from components.process.schedules.rectified_flow import rectified_flow
from components.process.schedules.rescaled import snr_shift, zero_terminal_snr
from components.process.schedules.schedule import Schedule
from components.process.schedules.sigmoid import sigmoid
from components.process.schedules.table import table

DISCRETE: dict[str, Callable[..., Schedule]] = {
    "linear": linear,
    "scaled_linear": scaled_linear,
    "cosine": cosine,
    "sigmoid": sigmoid,
    "table": table,
}
CONTINUOUS: dict[str, Callable[..., Schedule]] = {"rectified_flow": rectified_flow, "edm": edm}
SCHEDULES = DISCRETE | CONTINUOUS


def build_schedule(process: Mapping[str, Any]) -> Schedule:
    """The schedule of a ``process`` section, its shift and rescale applied in that order.

    What the section leaves out is the process as its authors wrote it.

    Raises:
        ValueError: the user's table is not one.
    """
    name, shift = process["schedule"], process.get("snr_shift", 1.0)
    if name in CONTINUOUS:
        bounds = ("sigma_min", "sigma_max") if name == "edm" else ()
        given = {key: process[key] for key in bounds if key in process}
        return CONTINUOUS[name](process["steps"], shift=shift, **given)
    values = (process["table"],) if name == "table" else ()
    schedule = DISCRETE[name](process["steps"], *values)
    if shift != 1:
        schedule = snr_shift(schedule, shift)
    return zero_terminal_snr(schedule) if process.get("zero_terminal_snr") else schedule


__all__ = ["CONTINUOUS", "DISCRETE", "SCHEDULES", "Schedule", "build_schedule"]
