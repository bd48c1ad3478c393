"""The gate file: what a registered version must show before it becomes champion."""

import difflib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from components.errors import AlphabarError
from components.spec.loading import read_mapping, readable
from components.spec.metric_families import FAMILIES
from components.spec.metrics import (
    METRICS,
    family_of,
    is_whole,
    judge_of,
    lower_is_better,
    metric_name,
)
from components.spec.near_files import GATE_KEYS
from components.spec.sections.base import Section


class MetricGate(Section):
    """What is asked of one metric; every condition given must hold."""

    at_most: float | None = Field(None, description="largest value, in the metric's unit")
    at_least: float | None = Field(None, description="smallest value, in the metric's unit")
    better_than_champion: bool = Field(
        False,
        description="better than the champion beyond the interval of their difference; than its "
        "baseline, for a fine-tune whose name has no champion",
    )
    not_worse_than_champion_by: float | None = Field(
        None, ge=0.0, description="largest loss against the champion, in the metric's unit"
    )
    certain: bool = Field(
        False, description="the far end of the interval must hold too, not the value alone"
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> "MetricGate":
        limits = (self.at_most, self.at_least, self.not_worse_than_champion_by)
        if not self.better_than_champion and all(limit is None for limit in limits):
            raise ValueError(
                "nothing is asked: give at_most, at_least, better_than_champion: true or "
                "not_worse_than_champion_by"
            )
        if self.at_most is not None and self.at_least is not None and self.at_least > self.at_most:
            raise ValueError("`at_least` is above `at_most`: nothing passes")
        if self.certain and all(limit is None for limit in limits):
            raise ValueError(
                "`certain` belongs to a number, and better_than_champion goes by the whole "
                "interval anyway: leave `certain` away"
            )
        return self

    @property
    def compares(self) -> bool:
        """Whether the champion's figure is needed."""
        return self.better_than_champion or self.not_worse_than_champion_by is not None


class PreferenceGate(Section):
    """What is asked of a blind study in which the version is one of the models."""

    win_rate_above: float = Field(
        0.5, ge=0.0, lt=1.0, description="the lower end of the win rate's interval lies above"
    )
    required: bool = Field(True, description="false: without a study the condition passes")
    question: str | None = Field(
        None, description="whose answers count; `quality`, or the only one, unless given"
    )
    allow_simulated: bool = Field(
        False, description="true: a study that simulated annotators answered may pass"
    )


class Gate(Section):
    """One gate file; all conditions must hold."""

    metrics: dict[str, MetricGate] = Field(
        default_factory=dict, description="a figure's full name, or NAME/GROUP: what is asked"
    )
    preference: PreferenceGate | None = None

    @field_validator("metrics")
    @classmethod
    def _metrics_are_known(cls, metrics: dict[str, MetricGate]) -> dict[str, MetricGate]:
        for name, asked in metrics.items():
            family = family_of(name)
            if family is None:
                raise ValueError(f"the metric `{name}` is not known")
            if _lacks_judge(name):
                raise ValueError(f"`{name}` names no judge; {_meant(name)}")
            if "base images" in METRICS[family].needs or METRICS[family].judge == "subject":
                raise ValueError(
                    f"`{name}` is of a fine-tune beside its base, and in no version's record; "
                    "bound the drift by `finetune.limits`, which decides what is registered"
                )
            if asked.compares and METRICS[family].better == "neither":
                raise ValueError(
                    f"`{name}` has no good side, so no champion can be beaten by it; "
                    "give at_most or at_least"
                )
        return metrics

    @model_validator(mode="after")
    def _is_not_empty(self) -> "Gate":
        if not self.metrics and self.preference is None:
            raise ValueError("the gate asks for nothing: give `metrics` or `preference`")
        return self


def better_by(metric: str) -> Gate:
    """The gate of a run without a gate file: better than the champion by one metric.

    Raises:
        AlphabarError: nobody knows whether a low or a high one is good.
    """
    lower_is_better(metric)
    return Gate(metrics={metric: MetricGate(better_than_champion=True)})


def load_gate(path: Path) -> Gate:
    """Read a gate file.

    Raises:
        AlphabarError: the file is missing, not YAML, or has an unknown or mistyped key, metric
            or value; every fault is listed with its dotted path.
    """
    values = read_mapping(path, GATE_KEYS)
    _refuse_unknown_metrics(values, path)
    try:
        return Gate.model_validate(values)
    except ValidationError as error:
        raise readable(error, str(path), _valid_names) from None


def _valid_names(dotted: str) -> list[str]:
    """The keys of the section that ``dotted`` names; a metric's own name may hold dots."""
    if not dotted:
        return sorted(Gate.model_fields)
    section = PreferenceGate if dotted == "preference" else MetricGate
    return sorted(section.model_fields)


def _refuse_unknown_metrics(values: dict[Any, Any], path: Path) -> None:
    metrics = values.get("metrics")
    for name in metrics if isinstance(metrics, dict) else ():
        if isinstance(name, str) and family_of(name) is None:
            raise AlphabarError(f"{path}: `metrics.{name}` is not a known metric", _meant(name))
        if isinstance(name, str) and _lacks_judge(name):
            raise AlphabarError(f"{path}: `metrics.{name}` names no judge", _meant(name))


def _lacks_judge(name: str) -> bool:
    """Whether ``name`` is a family alone, though every figure of that family has a judge."""
    plain = name.partition("/")[0]
    family = family_of(plain)
    return not judge_of(plain) and not (family and is_whole(family))


def _meant(name: str) -> str:
    plain, group = name.partition("/")[::2]
    family = family_of(plain)
    if family:
        close = [metric_name(family, METRICS[family].known_judges[0])]
    else:
        judged = [(name, judge) for name, f in FAMILIES.items() for judge in f.known_judges]
        full = [name for name in METRICS if is_whole(name)]
        full += [metric_name(name, judge) for name, judge in judged]
        close = difflib.get_close_matches(plain, full, n=1, cutoff=0.6)
    close = [f"{each}/{group}" if group else each for each in close]
    meant = f"did you mean `{close[0]}`? " if close else ""
    return f"{meant}a metric's name is its family and its judge; families: {', '.join(METRICS)}"
