"""A scheduler_config.json of diffusers as our process, and as the settings that it draws with."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, quoted, shortened
from components.spec.catalogue import GRIDS, PREDICTIONS
from components.spec.pipelines.scheduler_classes import CLASSES, USUAL
from components.spec.sections.process import ProcessSpec

SPACINGS = ("leading", "trailing", "linspace")
_REMEDY = "give a directory with another scheduler, or mend the file"
_KNOWN_TABLES = {
    ("scaled_linear", 0.00085, 0.012, 1000): "scaled_linear",
    ("linear", 0.0001, 0.02, 1000): "linear",
}
"""(beta_schedule, beta_start, beta_end, num_train_timesteps) → our schedule of the same table."""


@dataclass(frozen=True)
class ReadScheduler:
    """What a scheduler says.

    Attributes:
        process: the section `process`.
        sampling: keys of the section `sampling`.
        flow: whether it is a rectified flow.
        unfollowed: what of it the drawing does not follow, as ``key: value``.
    """

    process: ProcessSpec
    sampling: Mapping[str, Any]
    flow: bool = False
    unfollowed: tuple[str, ...] = ()


class _Reading:
    """The values of one file, and its class's own where it has none; every fault names the file,
    the key and the value."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self.path, self.values = path, values
        kind = values.get("_class_name")
        if not isinstance(kind, str) or kind not in CLASSES:
            raise self.fault("_class_name", f"is not known: {', '.join(CLASSES)} are")
        self.kind, self.known = kind, CLASSES[kind]
        for key in self.known.refused:
            if values.get(key):
                raise self.fault(key, "is not read")

    def fault(self, key: str, why: str) -> AlphabarError:
        said = quoted(self.values.get(key))
        return AlphabarError(f"{self.path}: `{key}: {said}` {why}", _REMEDY)

    def value(self, key: str) -> Any:
        return self.values.get(key, self.known.usual.get(key, USUAL[key]))

    def number(self, key: str, low: float, high: float) -> float:
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(key, "is no number")
        if not low <= value <= high:
            raise self.fault(key, f"is not within {low:g} and {high:g}")
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int:
        value = self.number(key, low, high)
        if value != int(value):
            raise self.fault(key, "is no whole number")
        return int(value)

    def flag(self, key: str) -> bool:
        value = self.value(key)
        if value is None:
            return bool(USUAL[key])
        if not isinstance(value, bool):
            raise self.fault(key, "is neither true nor false")
        return value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.value(key)
        if not isinstance(value, str) or value not in choices:
            raise self.fault(key, f"is not known: {', '.join(choices)} are")
        return value

    def unfollowed(self, others: Sequence[str] = ()) -> tuple[str, ...]:
        """What the drawing does not follow: keys whose value is another, and ``others``."""
        of_class = [] if self.known.same else ["_class_name"]
        of_class += ["clip_sample"] * (self.known.clips and self.flag("clip_sample"))
        values = self.known.followed.items()
        found = (key for key, value in values if self.values.get(key, value) != value)
        said = {**USUAL, **self.values}
        return tuple(f"`{key}: {shortened(said[key])}`" for key in (*of_class, *found, *others))


def read_scheduler(
    path: Path, values: Mapping[str, Any], *, offset: int | None, tokens: int
) -> ReadScheduler:
    """What the file at ``path`` says.

    Args:
        offset: the steps offset that the pipeline sets whatever the file says; None for none.
        tokens: places that a transformer sees an image in, for a shift that follows them.

    Raises:
        AlphabarError: a scheduler, a schedule or a prediction that is not known, or a value that
            is out of its range.
    """
    reading = _Reading(path, values)
    return _flow(reading, tokens) if reading.known.flow else _discrete(reading, offset)


def _discrete(reading: _Reading, offset: int | None) -> ReadScheduler:
    named = {entry.diffusers: name for name, entry in PREDICTIONS.items() if entry.diffusers}
    prediction = reading.one_of("prediction_type", tuple(named))
    steps = reading.whole("num_train_timesteps", 2, 10_000)
    section = {
        **_table(reading, steps),
        "prediction": named[prediction],
        "steps": steps,
        "zero_terminal_snr": reading.flag("rescale_betas_zero_snr"),
        "steps_offset": reading.whole("steps_offset", 0, 100) if offset is None else offset,
    }
    sampling = {"solver": "ddim", "grid": reading.one_of("timestep_spacing", SPACINGS)}
    first, others = not reading.flag("set_alpha_to_one"), []
    if reading.known.multistep:
        order = reading.whole("solver_order", 1, 3)
        first = reading.one_of("final_sigmas_type", ("zero", "sigma_min")) == "sigma_min"
        if order > 1:
            sampling["solver"] = "dpmpp_2m"
            others = ["final_sigmas_type"] * first + ["solver_order"] * (order > 2)
            first = False
        others += ["timestep_spacing"] * (not GRIDS[sampling["grid"]].exported)
    if first:
        sampling["end"] = "first"
    return ReadScheduler(
        _process(reading, section), sampling, unfollowed=reading.unfollowed(others)
    )


def _table(reading: _Reading, steps: int) -> dict[str, Any]:
    """The keys `schedule` and `table`."""
    trained = reading.value("trained_betas")
    kind = reading.one_of("beta_schedule", (*_BETAS, _COSINE))
    first = reading.number("beta_start", 1e-8, 0.999)
    last = reading.number("beta_end", 1e-8, 0.999)
    if trained is not None:
        if not isinstance(trained, list) or len(trained) != steps:
            raise reading.fault("trained_betas", f"is no list of {steps} numbers")
        betas = trained
    elif kind == _COSINE:
        return {"schedule": "cosine"}
    elif (kind, first, last, steps) in _KNOWN_TABLES:
        return {"schedule": _KNOWN_TABLES[kind, first, last, steps]}
    else:
        betas = [_BETAS[kind](first, last, k / (steps - 1)) for k in range(steps)]
    bars, product = [], 1.0
    for beta in betas:
        if not isinstance(beta, int | float) or not 0 < beta <= 1:
            raise reading.fault("trained_betas", "has values that are not within 0 and 1")
        product *= 1 - beta
        bars.append(product)
    return {"schedule": "table", "table": bars}


def _scaled_linear(first: float, last: float, share: float) -> float:
    low, high = math.sqrt(first), math.sqrt(last)
    return (low + share * (high - low)) ** 2


_BETAS: dict[str, Callable[[float, float, float], float]] = {
    "scaled_linear": _scaled_linear,
    "linear": lambda first, last, share: first + share * (last - first),
    "sigmoid": lambda first, last, share: first + (last - first) / (1 + math.exp(6 - 12 * share)),
}
"""beta_schedule → (beta_start, beta_end, share of the way) → β."""

_COSINE = "squaredcos_cap_v2"


def _flow(reading: _Reading, tokens: int) -> ReadScheduler:
    steps = reading.whole("num_train_timesteps", 1000, 1000)
    dynamic = reading.flag("use_dynamic_shifting")
    shift = _shift_of(reading, tokens) if dynamic else reading.number("shift", 1e-3, 1000.0)
    section = {
        "schedule": "rectified_flow",
        "prediction": "flow",
        "steps": steps,
        "snr_shift": shift,
    }
    sampling = {"solver": "euler", "grid": "linspace" if dynamic else "flow_match"}
    return ReadScheduler(_process(reading, section), sampling, True, reading.unfollowed())


def _shift_of(reading: _Reading, tokens: int) -> float:
    """The shift for an image of so many tokens, as Flux interpolates it."""
    fewest = reading.number("base_image_seq_len", 1, 10**7)
    most = reading.number("max_image_seq_len", 1, 10**7)
    low = reading.number("base_shift", -5, 5)
    high = reading.number("max_shift", -5, 5)
    if fewest >= most:
        raise reading.fault("base_image_seq_len", "is not below `max_image_seq_len`")
    mu = low + (tokens - fewest) * (high - low) / (most - fewest)
    kind = reading.one_of("time_shift_type", ("exponential", "linear"))
    return math.exp(mu) if kind == "exponential" else mu


def _process(reading: _Reading, section: dict[str, Any]) -> ProcessSpec:
    try:
        return ProcessSpec.model_validate(section)
    except ValueError as error:  # pydantic's is one
        why = str(error).splitlines()
        said = next((line for line in why if "Value error, " in line), why[0])
        said = said.strip().removeprefix("Value error, ").partition(" [type=")[0]
        raise AlphabarError(f"{reading.path}: {said}", _REMEDY) from None
