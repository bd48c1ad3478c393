"""Spec fields and figures as MLflow takes them: flat names, text values, batches."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.validation import (
    MAX_ENTITY_KEY_LENGTH,
    MAX_PARAM_VAL_LENGTH,
    MAX_PARAMS_TAGS_PER_BATCH,
    MAX_TAG_VAL_LENGTH,
)

from components.figures.figure import Figure, plain
from components.spec.keys import canonical_json

METRICS_PER_BATCH = 900
"""MLflow takes 1,000 entities a request; the rest is for the tags that go along."""

Item = TypeVar("Item")


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested mappings as dotted names, such as ``process.schedule``, with text values.

    Lists are one value, as JSON. Names and values are cut at MLflow's limits (250 and 6,000
    characters).
    """
    flat: dict[str, str] = {}
    for name, value in values.items():
        dotted = f"{prefix}{name}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{dotted}.")
        else:
            flat[dotted[:MAX_ENTITY_KEY_LENGTH]] = text(value)[:MAX_PARAM_VAL_LENGTH]
    return flat


def text(value: Any) -> str:
    """A string as it is, anything else as canonical JSON: ``2`` for 2.0, ``null`` for None."""
    return value if isinstance(value, str) else canonical_json(value)


def tag_texts(tags: Mapping[str, Any]) -> dict[str, str]:
    """Tags as MLflow takes them; those that are None are left out."""
    return {name: text(v)[:MAX_TAG_VAL_LENGTH] for name, v in tags.items() if v is not None}


def log_fields(
    client: MlflowClient, run_id: str, params: Mapping[str, str], tags: Mapping[str, str]
) -> None:
    """Log params and tags in as few requests as MLflow's limits allow."""
    for some in batches([Param(*pair) for pair in params.items()], MAX_PARAMS_TAGS_PER_BATCH):
        client.log_batch(run_id, params=some)
    for each in batches([RunTag(*pair) for pair in tags.items()], MAX_PARAMS_TAGS_PER_BATCH):
        client.log_batch(run_id, tags=each)


def log_metrics(
    client: MlflowClient, run_id: str, metrics: Sequence[Metric], tags: Mapping[str, str]
) -> None:
    """Log ``metrics``, and ``tags`` with the last of them."""
    groups = list(batches(metrics, METRICS_PER_BATCH)) or [[]]
    for group in groups[:-1]:
        client.log_batch(run_id, metrics=group)
    client.log_batch(run_id, metrics=groups[-1], tags=[RunTag(*pair) for pair in tags.items()])


def exact(figure: Figure) -> str:
    """Value and interval with six digits, in the metric's unit."""
    return f"{figure.value:.6g} [{figure.low:.6g}, {figure.high:.6g}]"


def brief(figure: Figure) -> str:
    """In the metric's own unit, as a gate's limits are, with as many digits as the interval
    supports; with six where it is not finite."""
    if not figure.finite:
        return exact(figure)
    value, low, high = (
        plain(n, unit_decimals(figure)) for n in (figure.value, figure.low, figure.high)
    )
    return f"{value} [{low}, {high}]"


def unit_decimals(figure: Figure) -> int:
    """Decimals that the interval supports, in the metric's own unit."""
    return figure.decimals() + int(math.log10(figure.scale))


def shown(figure: Figure) -> str:
    """As tables have it; with six digits where it is not finite."""
    return figure.text() if figure.finite else exact(figure)


def protocol_texts(figure: Figure) -> dict[str, str]:
    """What says how a figure was measured, and its interval made; part → text."""
    parts = figure.compared | {"interval": figure.measured.estimate.method}
    return {name: text(value) for name, value in parts.items() if value}


def batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """``items`` in lists of at most ``size``."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
