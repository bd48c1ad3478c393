"""How much generated images are like those of a subject, by features."""

import json
from pathlib import Path

import numpy as np
import pytest

from components.evaluation.similarity import similarities, similarity
from components.files.samples import COLUMNS
from components.files.tables import write_table
from components.runtime import Runtime

REAL = np.array([[1, 0], [0, 1], [1, 1]], np.float32)


def test_the_figures_are_mean_cosines_and_the_ceiling_leaves_one_out() -> None:
    tuned = np.array([[2, 0], [0, 3]], np.float32)
    baseline = np.array([[-1, 0], [0, -1]], np.float32)
    found = similarities(REAL, tuned, baseline, 0.95)
    half = np.sqrt(0.5)
    assert found["tuned"]["value"] == pytest.approx((1 + 0 + half) / 3)
    assert found["baseline"]["value"] == pytest.approx(-(1 + 0 + half) / 3)
    assert found["difference"]["value"] == pytest.approx(2 * (1 + 0 + half) / 3)
    assert found["ceiling"]["value"] == pytest.approx((0 + half + half) / 3)
    for figure in found.values():
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_the_interval_holds_what_it_should_and_no_difference_is_none() -> None:
    random = np.random.default_rng(0)
    real = random.normal(1, 1, (5, 16)).astype(np.float32)
    one, other = (random.normal(1, 1, (200, 16)).astype(np.float32) for _ in range(2))
    far = random.normal(0, 1, (200, 16)).astype(np.float32)
    assert similarities(real, one, other, 0.95)["difference"]["low"] < 0
    assert similarities(real, one, other, 0.95)["difference"]["high"] > 0
    assert similarities(real, one, far, 0.95)["difference"]["low"] > 0
    few = similarities(real, one[:10], far[:10], 0.95)["difference"]
    many = similarities(real, one, far, 0.95)["difference"]
    assert few["high"] - few["low"] > many["high"] - many["low"]


def test_images_like_the_subjects_are_more_similar_than_noise(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    real = np.zeros((4, 16, 16, 3), np.uint8)
    for k in range(4):
        real[k, 4:12, 2 + k : 10 + k, 0] = 255
    drawn = {
        "subject": real,
        "tuned": np.concatenate([real, real, real])[:, :, ::-1],
        "baseline": random.integers(0, 255, (12, 16, 16, 3), np.uint8),
    }
    for name, images in drawn.items():
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "images.npy", images)
        rows = [(k, k, -1, "", "a sks square") for k in range(len(images))]
        write_table(tmp_path / name / "samples.csv", COLUMNS, rows)
    inputs = {name: tmp_path / name for name in drawn}
    spec = {"extractors": ["efficientnet_lite0"], "size": 32, "confidence": 0.95}
    similarity(spec, inputs, tmp_path, Runtime(accelerator="cpu"))
    (found,) = json.loads((tmp_path / "metrics.json").read_text())["similarity"].values()
    assert found["difference"]["low"] > 0
    assert found["tuned"]["value"] <= 1.0
    assert (found["n_generated"], found["n_reference"]) == (12, 4)
