import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.judge import Judge
from components.evaluation.references import References
from components.figures.comparison import differing
from components.figures.figure import Origins
from components.figures.judgement import Judgement
from components.figures.record import read_judgement, write_judgement
from components.spec.metrics import METRICS, TAKEN, family_of
from components.spec.sections.evaluation import EvaluationSpec
from tests.plugin_package import Install

FD, KD = "fd_efficientnet_lite0", "kd_efficientnet_lite0"
OF_FEATURES = {
    f"{family}_efficientnet_lite0"
    for family in (
        "fd",
        "kd",
        "kd_subsets",
        "precision",
        "recall",
        "density",
        "coverage",
        "authenticity",
        "neighbour_ratio",
        "inception_score",
        "vendi",
    )
}
CLIP = "clip_score_domain"
OF_CAPTIONS = {"clip_score_domain", "clip_cosine_domain", "r_precision_domain"}


@pytest.fixture(scope="module")
def bank() -> FeatureBank:
    return FeatureBank("cpu")


@pytest.fixture(scope="module")
def judge(
    digits: Path, scorer_dir: Path, evaluation_spec: dict[str, Any], bank: FeatureBank
) -> Judge:
    return Judge.of_data(digits, scorer_dir, evaluation_spec, bank)


@pytest.fixture(scope="module")
def cheap(judge: Judge) -> Judge:
    return judge.only(("fd", "kd", "clip_score"))


@pytest.fixture(scope="module")
def real(digits: Path) -> ImageSet:
    return ImageSet.load(digits, "train")


@pytest.fixture(scope="module")
def judged(judge: Judge, real: ImageSet) -> Judgement:
    """Everything of 200 training images."""
    return judge.measure(real.rows(np.arange(200)), 5)


def test_every_figure_is_taken_and_none_is_a_bare_number(judged: Judgement) -> None:
    assert set(judged.figures) == OF_FEATURES | OF_CAPTIONS | {"recognised_svc"}
    # 200 images of 1,280 numbers are too few for a line in 1/n
    assert set(judged.left_out) == {"fd_infinity_efficientnet_lite0"}
    for name, figure in judged.figures.items():
        assert family_of(name) in METRICS
        assert figure.low <= figure.value <= figure.high
        assert figure.finite
        assert (figure.protocol.n_generated, figure.protocol.seed) == (200, 5)
        assert figure.confidence == 0.95
        assert figure.measured.estimate.method


def test_a_record_tells_its_protocol(judged: Judgement) -> None:
    record = judged.figures[FD].protocol
    assert (record.n_reference, record.reference) == (200, "holdout")
    assert record.resize == "bilinear-antialias 64px"
    assert (record.extractor, record.data_hash) == ("efficientnet_lite0", "0123.dir")
    assert judged.figures["recall_efficientnet_lite0"].protocol.settings == {"k": 5}
    copies = judged.figures["authenticity_efficientnet_lite0"].protocol
    assert (copies.reference, copies.n_reference) == ("train", 400)
    assert judged.figures["r_precision_domain"].protocol.chance == pytest.approx(0.1)


def test_training_images_in_the_place_of_samples_are_found_out(judged: Judgement) -> None:
    assert judged.figures["authenticity_efficientnet_lite0"].value == 0.0
    assert judged.figures["neighbour_ratio_efficientnet_lite0"].value == 0.0
    assert judged.closest is not None
    assert (judged.closest.images[:, 0] == judged.closest.images[:, 1]).all()
    assert {pair.ratio for pair in judged.closest.pairs} == {0.0}


@pytest.mark.parametrize("flip", [True, False])
def test_mirrored_copies_are_found_out_where_they_were_trained_on(
    prepared: Callable[..., Path],
    digit_arrays: tuple[np.ndarray, np.ndarray, list[str]],
    tmp_path: Path,
    flip: bool,
) -> None:
    images, classes, captions = (part[:400] for part in digit_arrays)
    data = prepared(tmp_path, images, classes, captions, n_train=240, flip=flip)
    spec = EvaluationSpec(size=32, clip="none").model_dump(mode="json")
    families = ("authenticity", "neighbour_ratio")
    judge = Judge.of_data(data, None, spec, FeatureBank("cpu", tmp_path)).only(families)
    copied = np.concatenate([images[:120, :, ::-1], images[120:240]])
    found = judge.measure(ImageSet.bare(copied, "copies"), None)
    authenticity = found.figures["authenticity_efficientnet_lite0"]
    assert (authenticity.value == 0.0) == flip
    assert authenticity.protocol.settings == ({"mirrored copies": "too"} if flip else None)
    assert authenticity.protocol.n_reference == 240
    assert found.closest is not None
    assert (found.closest.images[:, 0] == found.closest.images[:, 1]).all()
    assert any(pair.mirrored for pair in found.closest.pairs) == flip
    held_out = judge.measure(judge.references.holdout, None).figures
    assert 0.3 < held_out["authenticity_efficientnet_lite0"].value < 0.7
    assert 0.9 < held_out["neighbour_ratio_efficientnet_lite0"].value < 1.1


def test_unseen_images_are_no_copies(judge: Judge) -> None:
    copies = judge.only(("authenticity",))
    found = copies.measure(judge.references.holdout, 0).figures
    assert found["authenticity_efficientnet_lite0"].low > 0.2


def test_the_holdout_is_at_distance_nought_of_itself(cheap: Judge) -> None:
    records = cheap.measure(cheap.references.holdout, 0).figures
    assert records[FD].value == pytest.approx(0.0, abs=1e-3)
    assert records["clip_score_domain"].protocol.n_generated == 200


def test_noise_is_far_from_real_images_by_every_figure(
    judge: Judge, real: ImageSet, reference_dir: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 1), dtype=np.uint8)
    floor = read_judgement(reference_dir).figures
    found = judge.measure(replace(real.rows(np.arange(200)), images=noise), 3).figures
    assert found[FD].low > 5 * floor[FD].high
    assert found[KD].low > floor[KD].high
    assert found["clip_score_domain"].high < floor["clip_score_domain"].low
    assert found["recognised_svc"].high < 0.5
    assert found["precision_efficientnet_lite0"].high < 0.2
    assert found["coverage_efficientnet_lite0"].high < 0.2


def test_shuffled_captions_lower_the_clip_score_and_nothing_else(
    cheap: Judge, real: ImageSet
) -> None:
    own = real.rows(np.arange(150))
    other = replace(own, captions=real.captions[7:157])
    first, second = cheap.measure(own, 0).figures, cheap.measure(other, 0).figures
    assert second["clip_score_domain"].high < first["clip_score_domain"].low
    assert second[FD].measured.estimate == first[FD].measured.estimate


def test_groups_are_judged_against_their_own_real_images(judge: Judge, real: ImageSet) -> None:
    zeros = np.flatnonzero(real.classes == 0)
    ones = np.flatnonzero(real.classes == 1)
    rows = np.concatenate([zeros, ones])
    # what is asked for as a one shows a nought, and the other way round
    swapped = replace(real.rows(rows), classes=1 - real.classes[rows])
    against = Judge(judge.protocol, References(real, real), judge.bank)
    groups, wrong = (against.measure(images, 0).groups for images in (real.rows(rows), swapped))
    assert set(groups) == {"class 0", "class 1"}
    for name in groups:
        assert wrong[name][FD].low > groups[name][FD].high
        assert wrong[name]["recognised_svc"].value < 0.1 < groups[name]["recognised_svc"].value


def test_groups_of_prompts_are_judged_by_their_captions_alone(judge: Judge, real: ImageSet) -> None:
    rows = np.arange(60)
    named = ["right"] * 30 + ["wrong"] * 25 + [""] * 5
    captions = [*real.captions[:30], *real.captions[31:61]]
    images = replace(real.rows(rows), captions=captions, prompt_groups=named)
    groups = judge.measure(images, 0).groups
    assert {name: [*figures] for name, figures in groups.items()} == {
        "right": [CLIP],
        "wrong": [CLIP],
    }
    assert groups["right"][CLIP].value > groups["wrong"][CLIP].value
    assert groups["right"][CLIP].protocol.n_generated == 30


def test_without_captions_or_training_images_those_figures_are_missing(
    judge: Judge, real: ImageSet, bank: FeatureBank
) -> None:
    bare = ImageSet.bare(real.images[:60], "mine")
    protocol = judge.only(TAKEN).protocol
    references = References(ImageSet.bare(judge.references.holdout.images, "theirs"))
    found = Judge(protocol, references, bank).measure(bare, 0)
    of_copies = {"authenticity_efficientnet_lite0", "neighbour_ratio_efficientnet_lite0"}
    assert set(found.figures) == OF_FEATURES - of_copies
    assert found.closest is None
    assert found.figures[FD].protocol.reference == "theirs"


def test_a_figure_that_cannot_be_taken_is_left_out_with_its_reason_or_refused_if_demanded(
    judge: Judge, real: ImageSet
) -> None:
    few = real.rows(np.arange(15))  # too few for ten splits of two
    asked = judge.only(("fd", "inception_score"))
    found = asked.measure(few, 0)
    assert set(found.figures) == {FD}
    assert "15 images" in found.left_out["inception_score_efficientnet_lite0"]
    demanding = Judge(replace(asked.protocol, demanded=True), asked.references, asked.bank)
    with pytest.raises(AlphabarError, match="15 images"):
        demanding.measure(few, 0)


@pytest.mark.parametrize("asked", ["far", "authenticity"])
def test_a_metric_that_needs_training_images_is_taken_of_them_or_refused(
    judge: Judge, real: ImageSet, bank: FeatureBank, install: Install, asked: str
) -> None:
    install(points="[alphabar.metrics]\nfar = damped.records:far\n")
    protocol = replace(judge.only(("fd", asked)).protocol, demanded=True)
    images = real.rows(np.arange(60))
    found = Judge(protocol, judge.references, bank).measure(images, 0).figures
    assert set(found) == {FD, f"{asked}_efficientnet_lite0"}
    assert found[f"{asked}_efficientnet_lite0"].protocol.n_reference == 400
    unknown = Judge(protocol, References(judge.references.holdout), bank)
    with pytest.raises(AlphabarError, match=f"`{asked}` is asked for and cannot be measured"):
        unknown.measure(images, 0)


def test_the_files_of_a_judgement_hold_what_a_comparison_needs(
    judged: Judgement, tmp_path: Path
) -> None:
    write_judgement(tmp_path, judged.made_from(Origins(np.arange(5, 205), "prompts")))
    content = json.loads((tmp_path / "metrics.json").read_text())
    assert content["metrics"].keys() == judged.figures.keys()
    with np.load(tmp_path / "pseudo_values.npz") as arrays:
        assert arrays["seeds"].tolist() == list(range(5, 205))
        assert arrays["clip_score_domain|generated"].shape == (200,)
        mean = arrays[f"{FD}|generated"].mean()
    assert mean == pytest.approx(judged.figures[FD].value, rel=0.2)
    pairs = json.loads((tmp_path / "closest_pairs.json").read_text())["pairs"]
    assert np.load(tmp_path / "closest_pairs.npy").shape == (len(pairs), 2, 8, 8, 1)


@pytest.mark.parametrize("n", [1, 9])
def test_too_few_images_are_named(cheap: Judge, real: ImageSet, n: int) -> None:
    with pytest.raises(AlphabarError, match=f"{n} generated images are too few"):
        cheap.measure(real.rows(np.arange(n)), 0)


def test_a_missing_caption_is_counted(cheap: Judge, real: ImageSet) -> None:
    part = replace(real.rows(np.arange(20)), captions=(*real.captions[:19], ""))
    with pytest.raises(AlphabarError, match="1 of 20 images have no caption"):
        cheap.measure(part, 0)


def test_lists_of_different_length_are_refused(real: ImageSet) -> None:
    with pytest.raises(AlphabarError, match="20 images, 19 classes and 20 captions"):
        ImageSet(real.images[:20], real.classes[:19], real.captions[:20], "samples")


def test_a_classifier_without_training_images_is_refused(judge: Judge, bank: FeatureBank) -> None:
    holdout = judge.references.holdout
    alone = Judge(judge.protocol, References(holdout), bank)
    with pytest.raises(AlphabarError, match="training images"):
        alone.measure(holdout, 0)


def test_without_real_images_there_are_the_figures_that_need_none(
    judge: Judge, real: ImageSet
) -> None:
    images = real.rows(np.arange(60))
    kept = tuple(f for f in judge.protocol.families if f not in ("fd", "recognised"))
    whole = judge.only(kept)
    alone = Judge(whole.protocol, References(None), whole.bank, whole._scorer_dir)
    found, beside = (each.measure(images, 0) for each in (alone, whole))
    assert {"vendi_efficientnet_lite0", "clip_score_domain"} <= found.figures.keys()
    for name in found.figures.keys() ^ beside.figures.keys():
        assert {"real images", "training images"} & {*METRICS[family_of(name)].needs}
    for name, figure in found.figures.items():
        assert figure.measured.estimate == beside.figures[name].measured.estimate
        assert figure.protocol.data_hash == "none"
    demanding = replace(whole.protocol, families=("recall",), demanded=True)
    with pytest.raises(AlphabarError, match="the real images are not known"):
        Judge(demanding, References(None), whole.bank).measure(images, 0)


def test_figures_of_other_real_images_under_the_same_name_are_not_comparable(
    judge: Judge, real: ImageSet
) -> None:
    images, asked = (
        real.rows(np.arange(60)),
        judge.only(("fd", "authenticity", "clip_score", "recognised")),
    )
    other = replace(judge.references.holdout, images=255 - judge.references.holdout.images)
    elsewhere = Judge(
        asked.protocol, References(other, asked.references.training), asked.bank, asked._scorer_dir
    )
    first, second = (each.measure(images, 0).figures for each in (asked, elsewhere))
    assert differing(first[FD], second[FD]) == ["reference_key"]
    for name in ("authenticity_efficientnet_lite0", "clip_score_domain", "recognised_svc"):
        assert differing(first[name], second[name]) == []
        assert first[name].protocol.reference_key
