import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.data.arrays import load_split
from components.errors import AlphabarError
from components.evaluation.stages import evaluate, reference
from components.figures.record import read_judgement
from components.runtime import Runtime

FD, COPIES = "fd_efficientnet_lite0", "authenticity_efficientnet_lite0"
FILES = (
    "metrics.json",
    "summary.json",
    "pseudo_values.npz",
    "closest_pairs.json",
    "closest_pairs.npy",
)

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


def test_the_floor_has_every_figure_of_real_images(reference_dir: Path) -> None:
    floor = read_judgement(reference_dir).figures
    assert {FD, COPIES, "clip_score_domain", "recognised_svc"} < set(floor)
    assert (floor[FD].protocol.n_generated, floor[FD].protocol.n_reference) == (200, 200)
    # the holdout against the training images, not those against themselves
    assert (floor[COPIES].protocol.n_generated, floor[COPIES].protocol.n_reference) == (200, 400)
    assert floor[COPIES].value > 0.2
    recognised = floor["recognised_svc"]
    assert recognised.value == recognised.protocol.classifier_accuracy > 0.9


def test_the_reference_is_byte_identical_when_made_twice(
    reference_dir: Path,
    digits: Path,
    scorer_dir: Path,
    evaluation_spec: dict[str, Any],
    tmp_path: Path,
) -> None:
    reference(evaluation_spec, {"data": digits, "scorer": scorer_dir}, tmp_path, RUNTIME)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (reference_dir / name).read_bytes()


def test_the_floor_takes_as_many_images_as_there_are_samples(
    digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    for count, expected in ((30, 30), (5000, 400)):
        out = tmp_path / str(count)
        out.mkdir()
        cheap = {"metrics": ["fd"], "clip": "none", "classifier": "none", "groups": "none"}
        reference(evaluation_spec | cheap | {"samples": count}, {"data": digits}, out, RUNTIME)
        assert read_judgement(out).figures[FD].protocol.n_generated == expected


def test_samples_are_evaluated_to_the_same_bytes_with_and_without_a_cache(
    samples: Path,
    digits: Path,
    scorer_dir: Path,
    evaluation_spec: dict[str, Any],
    tmp_path: Path,
) -> None:
    inputs = {"samples": samples, "data": digits, "scorer": scorer_dir}
    written = []
    cached = Runtime(accelerator="cpu", cache=tmp_path / "cache")
    for name, runtime in (("bare", RUNTIME), ("first", cached), ("second", cached)):
        out = tmp_path / name
        out.mkdir()
        evaluate(evaluation_spec, inputs, out, runtime)
        written.append([(out / file).read_bytes() for file in FILES])
    assert written[0] == written[1] == written[2]
    judgement = read_judgement(tmp_path / "first")
    records = judgement.figures
    assert records["recognised_svc"].value == 1.0  # the classifier was trained on these
    assert records[COPIES].value == 0.0
    assert records[FD].protocol.seed == 5
    assert judgement.origins is not None
    assert judgement.origins.seeds.tolist() == list(range(5, 65))
    summary = json.loads((tmp_path / "first" / "summary.json").read_text())
    assert 8 <= len(summary) <= 12
    assert summary.pop(f"{FD}_low") == records[FD].low
    assert summary.pop(f"{FD}_high") == records[FD].high
    assert summary == {name: records[name].value for name in summary}


def test_drift_is_measured_image_by_image_from_the_bases_samples(
    samples: Path, digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    spec = evaluation_spec | {"clip": "none", "classifier": "none", "metrics": ["fd", "drift"]}
    other = tmp_path / "other"
    shutil.copytree(samples, other)
    images = np.load(samples / "images.npy")
    images[:30] = 255 - images[:30]
    np.save(other / "images.npy", images)
    drifts = []
    for name, base in (("same", samples), ("inverted", other)):
        out = tmp_path / name
        out.mkdir()
        evaluate(spec, {"samples": samples, "data": digits, "base": base}, out, RUNTIME)
        drifts.append(read_judgement(out).figures["drift_efficientnet_lite0"])
    same, inverted = drifts
    assert abs(same.value) < 1e-6
    assert inverted.value > 0.05
    assert inverted.low < inverted.value < inverted.high
    assert inverted.protocol.reference == "base samples"
    table = pd.read_csv(other / "samples.csv")
    table["seed"] += 1
    table.to_csv(other / "samples.csv", index=False)
    with pytest.raises(AlphabarError, match="are of other seeds or prompts"):
        evaluate(spec, {"samples": samples, "data": digits, "base": other}, out, RUNTIME)


def test_features_are_extracted_once(
    samples: Path, digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    spec = evaluation_spec | {"clip": "none", "classifier": "none"}
    seen: list[str] = []
    runtime = Runtime(
        lambda done, total, note="": seen.append(note), accelerator="cpu", cache=tmp_path / "cache"
    )
    for name, extracts in (("first", True), ("second", False)):
        seen.clear()
        out = tmp_path / name
        out.mkdir()
        evaluate(spec, {"samples": samples, "data": digits}, out, runtime)
        assert ("image features" in seen) is extracts


def test_what_was_left_out_is_said(
    samples: Path, digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    np.save(few / "images.npy", np.load(samples / "images.npy")[:15])
    pd.read_csv(samples / "samples.csv").head(15).to_csv(few / "samples.csv", index=False)
    spec = evaluation_spec | {"clip": "none", "classifier": "none"}
    evaluate(spec, {"samples": few, "data": digits}, tmp_path, RUNTIME)
    left_out = json.loads((tmp_path / "metrics.json").read_text())["left_out"]
    assert "15 images" in left_out["inception_score_efficientnet_lite0"]


def test_missing_samples_are_named(
    digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    inputs = {"samples": tmp_path, "data": digits}
    with pytest.raises(AlphabarError, match=r"images\.npy"):
        evaluate(evaluation_spec, inputs, tmp_path, RUNTIME)
