from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.data.arrays import Split, load_split
from components.errors import AlphabarError
from components.evaluation.judge import Judge
from components.evaluation.records import read_metrics

FD, KD = "fd_efficientnet_lite0", "kd_efficientnet_lite0"


@pytest.fixture(scope="module")
def judge(
    reference_dir: Path, digits: Path, scorer_dir: Path, evaluation_spec: dict[str, Any]
) -> Judge:
    return Judge.load(reference_dir, digits, scorer_dir, evaluation_spec)


@pytest.fixture(scope="module")
def real(digits: Path) -> Split:
    return load_split(digits, "train")


def test_the_holdout_is_at_distance_nought_of_itself(judge: Judge, digits: Path) -> None:
    holdout = load_split(digits, "holdout")
    records = judge.measure(holdout.images, holdout.classes, holdout.captions, 0)
    assert records[FD].value == pytest.approx(0.0, abs=1e-3)
    assert records["clip_score_domain"].n_generated == 200


def test_noise_is_far_from_real_images_by_every_figure(
    judge: Judge, real: Split, reference_dir: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 1), dtype=np.uint8)
    floor = read_metrics(reference_dir / "metrics.json")
    found = judge.measure(noise, real.classes[:200], list(real.captions[:200]), 3)
    assert found[FD].low > 5 * floor[FD].high
    assert found[KD].low > floor[KD].high
    assert found["clip_score_domain"].high < floor["clip_score_domain"].low
    assert found["recognised_svc"].high < 0.5
    assert found[FD].seed == 3


def test_shuffled_captions_lower_the_clip_score_and_nothing_else(judge: Judge, real: Split) -> None:
    images, classes = real.images[:150], real.classes[:150]
    own = judge.measure(images, classes, real.captions[:150], 0)
    shuffled = judge.measure(images, classes, real.captions[7:157], 0)
    assert shuffled["clip_score_domain"].high < own["clip_score_domain"].low
    assert shuffled[FD] == own[FD]


def test_a_record_tells_its_protocol(judge: Judge, real: Split) -> None:
    record = judge.measure(real.images[:50], real.classes[:50], real.captions[:50], 11)[FD]
    assert record.n_generated == 50
    assert record.n_reference == 200
    assert record.resize == "bilinear-antialias 64px"
    assert (record.extractor, record.reference) == ("efficientnet_lite0", "holdout")
    assert (record.data_hash, record.seed, record.confidence) == ("0123.dir", 11, 0.95)


def test_without_scorer_captions_and_classifier_only_distances_are_measured(
    reference_dir: Path,
    digits: Path,
    scorer_dir: Path,
    evaluation_spec: dict[str, Any],
    real: Split,
) -> None:
    spec = evaluation_spec | {"classifier": "none"}
    images, classes = real.images[:30], np.full(30, -1)
    bare = Judge.load(reference_dir, digits, None, spec)
    assert set(bare.measure(images, classes, real.captions[:30], 0)) == {FD, KD}
    unconditional = Judge.load(reference_dir, digits, scorer_dir, spec)
    assert set(unconditional.measure(images, classes, [""] * 30, 0)) == {FD, KD}


def test_a_scorer_of_another_size_sees_the_images_itself(
    judge: Judge,
    reference_dir: Path,
    digits: Path,
    scorer_dir: Path,
    evaluation_spec: dict[str, Any],
    real: Split,
) -> None:
    features = np.zeros((40, 1280), np.float32)  # of another size: not to be used
    other = Judge.load(reference_dir, digits, scorer_dir, evaluation_spec)
    other.protocol = type(judge.protocol).of(evaluation_spec | {"size": 48})
    images, captions = real.images[:40], real.captions[:40]
    score = other.caption_fit(images, features, captions, 0)["clip_score_domain"]
    expected = judge.measure(images, real.classes[:40], captions, 0)["clip_score_domain"]
    assert score.value == pytest.approx(expected.value, abs=1e-3)


@pytest.mark.parametrize("n", [1, 9])
def test_too_few_images_are_named(judge: Judge, real: Split, n: int) -> None:
    with pytest.raises(AlphabarError, match=f"{n} generated images are too few"):
        judge.measure(real.images[:n], real.classes[:n], real.captions[:n], 0)


def test_a_missing_caption_is_counted(judge: Judge, real: Split) -> None:
    with pytest.raises(AlphabarError, match="1 of 20 images have no caption"):
        judge.measure(real.images[:20], real.classes[:20], [*real.captions[:19], ""], 0)


def test_lists_of_different_length_are_refused(judge: Judge, real: Split) -> None:
    with pytest.raises(AlphabarError, match="20 images, 19 classes and 20 captions"):
        judge.measure(real.images[:20], real.classes[:19], real.captions[:20], 0)


def test_a_reference_at_another_size_is_refused(
    reference_dir: Path, digits: Path, evaluation_spec: dict[str, Any]
) -> None:
    with pytest.raises(AlphabarError, match="32px"):
        Judge.load(reference_dir, digits, None, evaluation_spec | {"size": 32})


def test_a_reference_made_from_other_data_is_refused(
    reference_dir: Path,
    evaluation_spec: dict[str, Any],
    prepared: Callable[..., Path],
    digit_arrays: Any,
    tmp_path: Path,
) -> None:
    images, classes, captions = (part[:40] for part in digit_arrays)
    other = prepared(tmp_path, images, classes, captions, n_train=20, data_hash="4567.dir")
    with pytest.raises(AlphabarError, match=r"4567\.dir"):
        Judge.load(reference_dir, other, None, evaluation_spec)
