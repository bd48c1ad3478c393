"""How much generated images are like those of a subject, by features."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.similarity import cosines, measured, similarities, similarity
from components.figures.comparison import differing, unpaired
from components.figures.likeness import JUDGED, read_likeness
from components.figures.record import read_judgement
from components.figures.standing import between
from components.figures.statistics.intervals import Estimate
from components.figures.statistics.paired import difference
from components.files.samples import COLUMNS
from components.files.tables import write_table
from components.runtime import Runtime

Features, Images = NDArray[np.float32], NDArray[np.uint8]
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


def shared_noise(count: int, share: float, seed: int) -> Features:
    """(count, 16): a direction that all have, and noise of which a share is of each row alone."""
    common, own = np.random.default_rng(9), np.random.default_rng(seed)
    noise = (1 - share) * common.normal(0, 1, (count, 16)) + share * own.normal(0, 1, (count, 16))
    return (1 + 3 * noise).astype(np.float32)


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_the_paired_difference_of_two_models_is_as_wide_as_the_bootstrap_says(share: float) -> None:
    """What each image adds has all that makes a difference vary, counted once."""
    real = np.random.default_rng(2).normal(1, 1, (25, 16)).astype(np.float32)
    one, other = shared_noise(60, share, 3), shared_noise(60, share, 4)
    expected = similarities(real, one, other, 0.95)["difference"]
    nothing = Estimate(0.0, -1.0, 1.0, 0.95, "none")
    a, b = (
        measured(near, replace(nothing, value=float(near.mean())))
        for near in (cosines(one, real), cosines(other, real))
    )
    found = difference(a, b, 0.95, same_seeds=True)
    assert found.value == pytest.approx(expected["value"])
    assert found.high - found.low == pytest.approx(expected["high"] - expected["low"], rel=0.12)
    apart = difference(a, b, 0.95, same_seeds=False)
    assert (apart.high - apart.low > 1.5 * (found.high - found.low)) == (share < 1)


def test_what_images_of_both_sets_do_together_is_taken_off_once() -> None:
    """Cosines of which all is of single pairs vary as independent ones do."""
    widths = []
    for seed in range(40):
        near = np.random.default_rng(seed).normal(0, 1, (12, 6))
        found = measured(near, Estimate(0.0, -1.0, 1.0, 0.95, "none"))
        assert found.generated is not None
        assert found.reference is not None
        assert found.crossed is not None
        sets = [np.var(each, ddof=1) / len(each) for each in (found.generated, found.reference)]
        widths.append(sum(sets) - np.sum(found.crossed**2))
    assert np.mean(widths) == pytest.approx(1 / 72, rel=0.2)


def stage(
    root: Path,
    name: str,
    drawn: Mapping[str, Images],
    prompt: str,
    token: str,
    baseline: tuple[int, str] | None = None,
) -> Path:
    """What the stage has made of ``drawn``, in a folder of ``root``.

    Args:
        baseline: its first seed and its prompt, where those are others.
    """
    for kind, images in drawn.items():
        (root / name / kind).mkdir(parents=True)
        np.save(root / name / kind / "images.npy", images)
        seed, text = (baseline or (0, prompt)) if kind == "baseline" else (0, prompt)
        rows = [(k, seed + k, -1, "", text) for k in range(len(images))]
        write_table(root / name / kind / "samples.csv", COLUMNS, rows)
    inputs = {kind: root / name / kind for kind in drawn}
    spec = {"extractors": ["efficientnet_lite0"], "size": 32, "confidence": 0.95}
    spec["reading"] = {"token": token, "word": "square"}
    (out := root / name / "out").mkdir()
    similarity(spec, inputs, out, Runtime(accelerator="cpu"))
    return out


def squares() -> Images:
    real = np.zeros((4, 16, 16, 3), np.uint8)
    for k in range(4):
        real[k, 4:12, 2 + k : 10 + k, 0] = 255
    return real


def test_two_models_of_other_words_pair_by_what_each_image_adds(tmp_path: Path) -> None:
    real, random = squares(), np.random.default_rng(0)
    noise = random.integers(0, 255, (12, 16, 16, 3), np.uint8)
    near = np.concatenate([real, real, real])[:, :, ::-1]
    far = np.where(random.random((12, 16, 16, 1)) < 0.5, near, noise).astype(np.uint8)
    sets = {"subject": real, "tuned": near, "baseline": noise}
    made = [
        stage(tmp_path, "sks", sets, "a sks", "sks"),
        stage(tmp_path, "own", sets | {"tuned": far}, "a <sq>", "<sq>"),
        stage(tmp_path, "as", sets | {"tuned": far}, "on sks", "sks"),
    ]
    name = "likeness_efficientnet_lite0"
    one, other, asked = (read_judgement(out / JUDGED).figures[name] for out in made)
    assert not unpaired(one, other)
    assert unpaired(one, asked) == "other prompts"
    assert between(other, one).p is not None
    assert one.value == read_likeness(made[0])["efficientnet_lite0"].tuned.value
    assert (one.protocol.n_generated, one.protocol.n_reference) == (12, 4)
    few = stage(tmp_path, "few", sets | {"subject": real[:3]}, "a sks", "sks")
    assert differing(one, read_judgement(few / JUDGED).figures[name]), "of other real images"


def test_images_like_the_subjects_are_more_similar_than_noise(tmp_path: Path) -> None:
    real = squares()
    drawn = {
        "subject": real,
        "tuned": np.concatenate([real, real, real])[:, :, ::-1],
        "baseline": np.random.default_rng(0).integers(0, 255, (12, 16, 16, 3), np.uint8),
    }
    out = stage(tmp_path, "one", drawn, "a sks square", "sks")
    (found,) = json.loads((out / "metrics.json").read_text())["similarity"].values()
    assert found["difference"]["low"] > 0
    assert found["tuned"]["value"] <= 1.0
    assert (found["n_generated"], found["n_reference"]) == (12, 4)


def test_a_baseline_of_other_seeds_or_prompts_is_no_pair(tmp_path: Path) -> None:
    real = squares()
    sets = {"subject": real, "tuned": real[:, :, ::-1], "baseline": 255 - real}
    for name, other in {"seeds": (1, "a sks"), "prompts": (0, "a cat")}.items():
        with pytest.raises(AlphabarError, match="are of other seeds or prompts than those of the"):
            stage(tmp_path, name, sets, "a sks", "sks", other)
    fewer = sets | {"baseline": sets["baseline"][:3]}
    with pytest.raises(AlphabarError, match="are of other seeds or prompts"):
        stage(tmp_path, "fewer", fewer, "a sks", "sks")


def test_features_that_are_nought_point_nowhere() -> None:
    with pytest.raises(AlphabarError, match="1 of 3 embeddings are nought and point nowhere"):
        similarities(REAL, np.array([[0, 0], [1, 0], [0, 1]], np.float32), REAL, 0.95)
