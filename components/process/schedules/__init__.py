"""Noise schedules by name. To add one: write its file, add its line here and in the spec."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from components.process.schedules.cosine import cosine
from components.process.schedules.edm import edm
from components.process.schedules.linear import linear, scaled_linear
from components.process.schedules.rectified_flow import rectified_flow
from components.process.schedules.rescaled import snr_shift, zero_terminal_snr
from components.process.schedules.schedule import Schedule
from components.process.schedules.sigmoid import sigmoid
from components.process.schedules.table import table

Make = Callable[..., Schedule]
"""``make(steps, **options)``: the options are those keys of the section that it names. One that
names ``shift`` divides its SNR by shift² itself; of another one a discrete table is shifted."""

DISCRETE: dict[str, Make] = {
    "linear": linear,
    "scaled_linear": scaled_linear,
    "cosine": cosine,
    "sigmoid": sigmoid,
    "table": table,
}
CONTINUOUS: dict[str, Make] = {"rectified_flow": rectified_flow, "edm": edm}
SCHEDULES = DISCRETE | CONTINUOUS


def build_schedule(process: Mapping[str, Any], other: Make | None = None) -> Schedule:
    """The schedule of a ``process`` section, its shift and rescale applied in that order.

    What the section leaves out is the process as its authors wrote it.

    Args:
        other: what makes the schedule where it is none of `SCHEDULES`.

    Raises:
        ValueError: the user's table is not one, or what is to be rescaled or shifted has none.
    """
    make, shift = other or SCHEDULES[process["schedule"]], process.get("snr_shift", 1.0)
    bound = {"steps", *getattr(make, "keywords", ())}
    options = [name for name in inspect.signature(make).parameters if name not in bound]
    given = {name: process[name] for name in options if name in process}
    own_shift = {"shift": shift} if "shift" in options else {}
    schedule = make(process["steps"], **own_shift, **given)
    if shift != 1 and not own_shift:
        schedule = snr_shift(schedule, shift)
    if process.get("zero_terminal_snr"):
        schedule = zero_terminal_snr(schedule)
    return replace(schedule, steps_offset=process.get("steps_offset", 0))


__all__ = ["CONTINUOUS", "DISCRETE", "SCHEDULES", "Schedule", "build_schedule"]
