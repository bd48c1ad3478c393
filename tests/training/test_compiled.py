"""Compiled networks learn the same, and a killed run goes on to the same bytes."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components.networks.compiled import compilations
from components.runtime import Runtime
from tests.training.test_networks import StoppedError, settings, stop, trained


def tiny(**training: Any) -> dict[str, Any]:
    """A transformer of one block with dropout that reads captions of several lengths."""
    given = {"steps": 9, "batch_size": 8, "accumulate": 2, "gradient_checkpointing": True}
    values = settings("transformer", "minilm", **given, **training)
    values["network"] |= {"depth": 1, "dropout": 0.1}
    return values


def test_a_compiled_run_that_stops_ends_with_the_bytes_of_an_undisturbed_one(
    tmp_path: Path, digits: Path
) -> None:
    values, scratch, cache = tiny(compile="on"), tmp_path / "scratch", tmp_path / "cache"
    scratch.mkdir()
    known = compilations()
    with pytest.raises(StoppedError):
        trained(values, digits, tmp_path / "stopped", Runtime(stop, "cpu", scratch, cache))
    assert compilations() > known, "it was compiled"
    assert any((cache / "compiled").iterdir())
    resumed = Runtime(accelerator="cpu", scratch=scratch, cache=cache)
    whole = Runtime(accelerator="cpu", cache=cache)
    weights = [
        trained(values, digits, tmp_path / name, runtime)
        for name, runtime in (("resumed", resumed), ("whole", whole))
    ]
    assert weights[0] == weights[1]
    costs = resumed.costs
    assert costs["compile_seconds"] > 10 * costs["seconds_a_step"] > 0
    trained(tiny(), digits, tmp_path / "eager", Runtime(accelerator="cpu"))
    loss = [pd.read_csv(tmp_path / name / "history.csv").loss for name in ("whole", "eager")]
    assert loss[0].tolist() == pytest.approx(loss[1].tolist(), rel=0.05)
