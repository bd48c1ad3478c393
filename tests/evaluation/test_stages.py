from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.data.arrays import load_split
from components.errors import AlphabarError
from components.evaluation.records import read_metrics
from components.evaluation.stages import evaluate, reference
from components.runtime import Runtime

FD = "fd_efficientnet_lite0"

RUNTIME = Runtime(accelerator="cpu")


@pytest.fixture
def samples(digits: Path, tmp_path: Path) -> Path:
    """Training digits that pose as samples, drawn from seeds 5 to 64."""
    real, folder = load_split(digits, "train"), tmp_path / "samples"
    folder.mkdir()
    np.save(folder / "images.npy", real.images[:60])
    table = pd.DataFrame(
        {
            "index": range(60),
            "seed": range(5, 65),
            "class": real.classes[:60],
            "label": real.classes[:60],
            "caption": real.captions[:60],
        }
    )
    table.to_csv(folder / "samples.csv", index=False)
    return folder


def test_the_floor_has_every_figure_and_the_features_are_kept(reference_dir: Path) -> None:
    floor = read_metrics(reference_dir / "metrics.json")
    assert set(floor) == {FD, "kd_efficientnet_lite0", "clip_score_domain", "recognised_svc"}
    assert (floor[FD].n_generated, floor[FD].n_reference) == (200, 200)
    assert floor["recognised_svc"].value == floor["recognised_svc"].classifier_accuracy > 0.9
    features = np.load(reference_dir / "holdout_features.npy")
    assert (features.shape, features.dtype) == ((200, 1280), np.float32)


def test_the_reference_is_byte_identical_when_made_twice(
    reference_dir: Path,
    digits: Path,
    scorer_dir: Path,
    evaluation_spec: dict[str, Any],
    tmp_path: Path,
) -> None:
    reference(evaluation_spec, {"data": digits, "scorer": scorer_dir}, tmp_path, RUNTIME)
    for name in ("holdout_features.npy", "metrics.json"):
        assert (tmp_path / name).read_bytes() == (reference_dir / name).read_bytes()


def test_the_floor_takes_as_many_images_as_there_are_samples(
    digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    for count, expected in ((30, 30), (5000, 400)):
        out = tmp_path / str(count)
        out.mkdir()
        spec = evaluation_spec | {"samples": count, "classifier": "none"}
        reference(spec, {"data": digits}, out, RUNTIME)
        assert read_metrics(out / "metrics.json")[FD].n_generated == expected


def test_samples_are_evaluated_to_the_same_bytes_twice(
    samples: Path,
    reference_dir: Path,
    digits: Path,
    scorer_dir: Path,
    evaluation_spec: dict[str, Any],
    tmp_path: Path,
) -> None:
    inputs = {
        "samples": samples, "reference": reference_dir, "data": digits, "scorer": scorer_dir
    }  # fmt: skip
    written = []
    for name in ("first", "second"):
        out = tmp_path / name
        out.mkdir()
        evaluate(evaluation_spec, inputs, out, RUNTIME)
        written.append((out / "metrics.json").read_bytes())
    assert written[0] == written[1]
    records = read_metrics(tmp_path / "first" / "metrics.json")
    assert set(records) == {FD, "kd_efficientnet_lite0", "clip_score_domain", "recognised_svc"}
    assert records["recognised_svc"].value == 1.0  # the classifier was trained on these
    assert records[FD].seed == 5


def test_missing_samples_are_named(
    reference_dir: Path, digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    inputs = {"samples": tmp_path, "reference": reference_dir, "data": digits}
    with pytest.raises(AlphabarError, match=r"images\.npy"):
        evaluate(evaluation_spec, inputs, tmp_path, RUNTIME)


def test_a_missing_reference_is_named(
    samples: Path, digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    inputs = {"samples": samples, "reference": tmp_path, "data": digits}
    with pytest.raises(AlphabarError, match=r"holdout_features\.npy"):
        evaluate(evaluation_spec, inputs, tmp_path, RUNTIME)
