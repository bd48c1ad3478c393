"""Every number that a user may give has its bounds."""

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
import typer

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from components.spec.gate import Gate
from components.spec.loading import parse_experiment
from components.spec.sections.evaluation import EvaluationSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.study import StudySpec
from flows.cli import app

THRESHOLDS = {"at_most", "at_least", "not_worse_than_champion_by"}
"""Of a gate: any finite number of any metric's unit."""

SWEPT = {"sweep", "cells", "also", "guide", "sampling"}
"""Values of any field: they are held to that field's bounds when it gets them."""


def numbers(schema: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number in a JSON schema: the field that it belongs to, and what is said of it."""
    if isinstance(schema, list):
        for item in schema:
            yield from numbers(item, name)
    elif isinstance(schema, dict):
        if schema.get("type") in ("integer", "number") and "enum" not in schema:
            yield name, schema
        for key, item in schema.items():
            if key in ("properties", "$defs"):
                for field, described in item.items():
                    yield from numbers(described, field)
            elif key not in ("default", "const", "enum"):
                yield from numbers(item, name)


@pytest.mark.parametrize("model", [Experiment, Gate])
def test_every_number_of_a_file_has_both_bounds(model: Any) -> None:
    found = list(numbers(model.model_json_schema()))
    assert len(found) > 1
    for name, said in found:
        if name in THRESHOLDS | SWEPT:
            continue
        assert {"minimum", "exclusiveMinimum"} & set(said), f"{name} has no lower bound"
        assert {"maximum", "exclusiveMaximum"} & set(said), f"{name} has no upper bound"


def test_a_number_without_a_bound_would_be_seen() -> None:
    class Loose(Experiment):
        extra: int = 3

    names = [name for name, said in numbers(Loose.model_json_schema()) if "maximum" not in said]
    assert "extra" in names


def options(commands: typer.Typer) -> Iterator[tuple[str, type, Any]]:
    """Every option and argument of an app: its command and name, its type, what is said of it."""
    for command in commands.registered_commands:
        assert command.callback
        hints = get_type_hints(command.callback, include_extras=True)
        for name, hint in hints.items():
            if name != "return":
                kind, said = get_args(hint)[:2]
                kinds = {kind, *get_args(kind)}
                yield from (
                    (f"{command.callback.__name__} {name}", each, said)
                    for each in (int, float)
                    if each in kinds
                )
    for group in commands.registered_groups:
        assert group.typer_instance
        yield from options(group.typer_instance)


def test_every_number_of_the_command_line_has_both_bounds() -> None:
    found = list(options(app))
    assert len([name for name, kind, _ in found if kind is int]) > 15
    assert len([name for name, kind, _ in found if kind is float]) > 5
    for name, _, said in found:
        assert said.min is not None, f"{name} has no lower bound"
        assert said.max is not None, f"{name} has no upper bound"


@pytest.mark.parametrize(
    ("commands", "section"),
    [
        (("sample", "img2img", "inpaint", "interpolate", "invert"), SamplingSpec),
        (("evaluate",), EvaluationSpec),
        (("export",), StudySpec),
    ],
)
def test_an_option_has_the_bounds_of_the_field_that_it_sets(
    commands: tuple[str, ...], section: Any
) -> None:
    fields = {name: dict(numbers_of(said)) for name, said in properties(section).items()}
    same = 0
    for whole, _, said in options(app):
        command, name = whole.split()
        if command in commands and (bounds := fields.get(name)):
            assert (said.min, said.max) == (bounds["low"], bounds["high"]), whole
            same += 1
    assert same >= 2


def properties(section: Any) -> dict[str, Any]:
    found: dict[str, Any] = section.model_json_schema()["properties"]
    return found


def numbers_of(said: Any) -> Iterator[tuple[str, float]]:
    """The bounds of a field, open or closed."""
    for _, one in numbers(said):
        yield "low", one.get("minimum", one.get("exclusiveMinimum"))
        yield "high", one.get("maximum", one.get("exclusiveMaximum"))


@pytest.mark.parametrize(
    "path",
    ["training.seed", "scorer.seed", "study.seed", "data.split_seed", "sampling.seed"],
)
@pytest.mark.parametrize("seed", [-1, 2**63, 10**25])
def test_a_seed_beyond_63_bits_is_refused(path: str, seed: int) -> None:
    section, _, leaf = path.partition(".")
    values: dict[str, Any] = {"name": "x", "data": {"source": "digits"}}
    values[section] = values.get(section, {}) | {leaf: seed}
    with pytest.raises(AlphabarError, match=f"`{path}: {seed}` is wrong"):
        parse_experiment(values, "file.yaml")


@pytest.mark.parametrize("where", ["sweep", "cells", "also"])
def test_a_seed_beyond_63_bits_is_refused_in_a_sweep_too(where: str) -> None:
    value: Any = {"training.seed": [2**63]} if where == "sweep" else [{"training.seed": 2**63}]
    with pytest.raises(AlphabarError, match=f"cell .*`training.seed: {2**63}` is wrong"):
        parse_experiment({"name": "x", "data": {"source": "digits"}, where: value}, "file.yaml")
