"""Every registered schedule, plain and wrapped: what one law is tested on."""

from typing import Any

import torch

from components.process.schedules import CONTINUOUS, DISCRETE, SCHEDULES, Schedule, build_schedule

TABLE = [0.999, 0.9, 0.5, 0.1, 0.01]
"""ᾱ of a user, few enough to be interpolated."""


def section(name: str, **values: Any) -> dict[str, Any]:
    """A ``process`` section with the schedule ``name``; a table gets its numbers."""
    table = {"table": TABLE[: values.get("steps", 1000)]} if name == "table" else {}
    return {"schedule": name, "steps": 1000} | table | values


CASES: dict[str, dict[str, Any]] = {
    **{name: section(name) for name in SCHEDULES},
    **{f"{name}, 50 steps": section(name, steps=50) for name in SCHEDULES},
    **{f"{name}, 2 steps": section(name, steps=2) for name in SCHEDULES},
    **{f"{name}, shift 3": section(name, snr_shift=3.0) for name in SCHEDULES},
    **{f"{name}, shift 0.5": section(name, snr_shift=0.5) for name in SCHEDULES},
    **{f"{name}, zero SNR": section(name, zero_terminal_snr=True) for name in DISCRETE},
    **{
        f"{name}, shift 3, zero SNR": section(name, snr_shift=3.0, zero_terminal_snr=True)
        for name in DISCRETE
    },
    "whole table that ends at 0": section("table", steps=4, table=[0.9, 0.4, 0.1, 0.0]),
    "edm, other bounds": section("edm", sigma_min=0.02, sigma_max=10.0),
}
"""name → ``process`` section. What is registered is covered at once."""

DISCRETE_CASES = [name for name, values in CASES.items() if values["schedule"] in DISCRETE]
CONTINUOUS_CASES = [name for name, values in CASES.items() if values["schedule"] in CONTINUOUS]


def schedule_of(case: str) -> Schedule:
    """The schedule of a case."""
    return build_schedule(CASES[case])


def trained_times(schedule: Schedule) -> torch.Tensor:
    """All the times of a table; for a continuous process 257 from t_min to 1. Rising, float64."""
    if schedule.alphas_cumprod is not None:
        return torch.arange(1, schedule.steps + 1, dtype=torch.float64) / schedule.steps
    return torch.linspace(schedule.t_min, 1, 257, dtype=torch.float64)


def times_between(schedule: Schedule) -> torch.Tensor:
    """Times inside (0, 1) that lie apart from a table's own points, rising, float64."""
    if schedule.alphas_cumprod is not None:
        cells = torch.arange(schedule.steps, dtype=torch.float64)
        return torch.cat([(cells + 0.3) / schedule.steps, (cells + 0.7) / schedule.steps]).sort()[0]
    return torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
