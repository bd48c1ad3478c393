"""A registered version is a model of MLflow: signature, example, and the images it draws."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel

from components.errors import AlphabarError
from components.generation.generate import generate
from components.generation.prompts import Prompts
from components.generation.sampler import load_sampler
from components.networks.checkpoint import new_checkpoint, save_checkpoint
from components.spec.sections.sampling import SamplingSpec
from components.tracking import Submitted, Tracker, connect, register
from components.tracking.drawn import in_turn
from components.tracking.escapes import loading_fault
from tests.model_config import model_config

FD = "fd_efficientnet_lite0"
SAMPLING = {"solver": "ddim", "steps": 3, "guidance": 2.0}


@pytest.fixture
def root(tmp_path: Path, migrated: Path) -> Path:
    """A project's folder with an awkward name, but none that MLflow reads an escape in."""
    return project_in(tmp_path / "übung #1, 50 %", migrated)


def project_in(folder: Path, migrated: Path) -> Path:
    (folder / "mlruns").mkdir(parents=True)
    shutil.copy(migrated, folder / "mlruns" / "mlflow.db")
    return folder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    made = new_checkpoint(model_config(steps=20), 0)
    generator = torch.Generator().manual_seed(0)
    for parameter in made.network.parameters():  # as made, it predicts nothing
        parameter.data.normal_(0.0, 0.3, generator=generator)
    save_checkpoint(tmp_path / "model", made.config, made.network, made.codec)
    return tmp_path / "model"


@pytest.fixture
def model(
    tracker: Tracker,
    weights: Path,
    evaluation: Callable[..., Path],
    figure: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> PyFuncModel:
    """What MLflow loads as the champion."""
    registered(tracker, Submitted(weights, evaluation({FD: figure(150.0)}), FD, SAMPLING))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracker.uri)
    return mlflow.pyfunc.load_model("models:/digits@champion")


def registered(tracker: Tracker, submitted: Submitted) -> str:
    """The run of the model that is the champion then."""
    run = tracker.sweep("digits", "a1" * 32, {}, {})
    register(tracker, "digits", run, "k", submitted)
    return run


def test_it_draws_what_alphabar_draws_whatever_stands_beside_a_row(
    model: PyFuncModel, weights: Path
) -> None:
    sampler = load_sampler(weights, SamplingSpec.model_validate({**SAMPLING, "seed": 5}))
    expected = generate(sampler, Prompts((0, 2), ("a", "c"), ("a", "c"))).images
    table = pd.DataFrame({"prompt": ["a", "c", "b"], "seed": [5, 6, 5]})
    drawn = model.predict(table)
    assert (drawn.shape, drawn.dtype) == ((3, 8, 8, 1), np.uint8)
    assert np.array_equal(drawn[:2], expected)
    assert np.array_equal(model.predict(table.iloc[[1]])[0], drawn[1])


def test_a_row_may_have_settings_of_its_own(model: PyFuncModel) -> None:
    table = pd.DataFrame({"prompt": ["a"] * 2, "seed": [0, 0], "steps": [3, 7]})
    as_measured, finer = model.predict(table.assign(guidance=2.0))
    assert np.array_equal(as_measured, model.predict(table[["prompt", "seed"]])[0])
    assert (as_measured != finer).any()
    with pytest.raises(AlphabarError, match="guidance"):
        model.predict(table.assign(guidance=-1.0))


def test_it_says_what_it_takes_and_gives_and_runs_its_own_example(model: PyFuncModel) -> None:
    signature = model.metadata.signature
    assert signature.inputs.input_names() == ["prompt", "seed", "guidance", "steps"]
    assert [each.required for each in signature.inputs] == [True, False, False, False]
    assert signature.outputs.inputs[0].shape == (-1, 8, 8, 1)
    assert len(model.predict(model.input_example)) == 2


def test_a_folder_in_which_mlflow_reads_an_escape_is_named_with_a_remedy_that_helps(
    tmp_path: Path,
    migrated: Path,
    weights: Path,
    evaluation: Callable[..., Path],
    figure: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracker = connect(None, project_in(tmp_path / "übung #1 %20", migrated))
    submitted = Submitted(weights, evaluation({FD: figure(150.0)}), FD, SAMPLING)
    run = registered(tracker, submitted)
    assert "model" in {file.path for file in tracker.client.list_artifacts(run)}
    said = loading_fault(tracker.client.get_run(run).info.artifact_uri) or ""
    assert str(tracker.artifacts) in said
    assert "`%20`" in said
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracker.uri)
    with pytest.raises(MlflowException, match="No such artifact"):  # else nothing need be said
        mlflow.pyfunc.load_model("models:/digits@champion")
    (tmp_path / "copy").mkdir()
    copied = mlflow.pyfunc.load_model("models:/digits@champion", dst_path=tmp_path / "copy")
    assert copied.predict(pd.DataFrame({"prompt": ["a"]})).shape == (1, 8, 8, 1)


@pytest.mark.parametrize("folder", ["übung #1, 50 %", "100 %zz", "a b", "a?b"])
def test_other_folders_are_not_warned_of(folder: str) -> None:
    assert loading_fault(Path("/", folder, "artifacts").as_uri()) is None
    assert loading_fault("mlflow-artifacts:/1/%2520") is None


def test_rows_are_drawn_at_once_where_seeds_follow_each_other() -> None:
    rows: list[Any] = [("a", 0, {}), ("b", 1, {}), ("a", 3, {}), ("a", 4, {"steps": 2})]
    assert [len(together) for together in in_turn(rows)] == [2, 1, 1]
