"""Noise schedules by name. To add one: write its file, add its line here and in the spec."""

from collections.abc import Callable

from components.process.schedules.cosine import cosine
from components.process.schedules.discrete import Schedule
from components.process.schedules.linear import linear

SCHEDULES: dict[str, Callable[[int], Schedule]] = {"linear": linear, "cosine": cosine}

__all__ = ["SCHEDULES", "Schedule"]
