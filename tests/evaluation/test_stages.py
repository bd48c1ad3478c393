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
from components.figures.closest import read_pairs
from components.figures.comparison import differing, unpaired
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


def asked_for(samples: Path, out: Path, captions: list[str]) -> Path:
    """A copy whose images were asked for by ``captions`` in turn."""
    shutil.copytree(samples, out)
    table = pd.read_csv(out / "samples.csv")
    table["caption"] = [captions[k % len(captions)] for k in range(len(table))]
    table.to_csv(out / "samples.csv", index=False)
    return out


def test_who_judges_captions_reads_the_class_word_in_the_place_of_a_taught_one(
    samples: Path,
    digits: Path,
    scorer_dir: Path,
    evaluation_spec: dict[str, Any],
    tmp_path: Path,
) -> None:
    spec = evaluation_spec | {"classifier": "none", "groups": "none"}
    token = asked_for(samples, tmp_path / "token", ["a sks three", "a bold sks three"])
    words = asked_for(samples, tmp_path / "words", ["a three", "a bold three"])
    reading = {"token": "sks", "word": "three"}
    found = {}
    for name, drawn, told in (
        ("read", token, {"reading": reading}),
        ("bare", token, {}),
        ("words", words, {"reading": reading}),
    ):
        (out := tmp_path / f"of-{name}").mkdir()
        evaluate(
            spec | told, {"samples": drawn, "data": digits, "scorer": scorer_dir}, out, RUNTIME
        )
        found[name] = read_judgement(out)
    read, bare, other = (found[name].figures for name in ("read", "bare", "words"))
    for family in ("clip_score_domain", "clip_cosine_domain", "r_precision_domain"):
        assert read[family].value == other[family].value
        assert read[family].protocol.settings["captions"] == "sks read as three"  # type: ignore[index]
        assert "captions" not in (other[family].protocol.settings or {}), "nothing was replaced"
        assert differing(read[family], bare[family]) == ["settings"]
    assert bare["clip_score_domain"].value != read["clip_score_domain"].value
    assert read["r_precision_domain"].protocol.chance == 0.5
    (out := tmp_path / "floor").mkdir()
    word = load_split(digits, "holdout").captions[0].split()[-1]
    told = {"reading": {"token": word, "word": "cat"}}
    reference(spec | told, {"data": digits, "scorer": scorer_dir}, out, RUNTIME)
    floor = read_judgement(out).figures["clip_score_domain"].protocol.settings
    assert floor == {"captions": f"{word} read as cat"}
    assert read[FD].compared == bare[FD].compared
    same = [found[name].origins for name in ("read", "bare")]
    assert same[0].prompts == same[1].prompts, "what they were asked for is what pairs them"  # type: ignore[union-attr]


def test_samples_of_a_subject_are_looked_for_among_its_few_images(
    samples: Path, scorer_dir: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    images = np.load(samples / "images.npy")
    (tmp_path / "subject").mkdir()
    np.save(tmp_path / "subject" / "images.npy", images[:5])
    spec = evaluation_spec | {"metrics": None, "classifier": "none", "groups": "none"}
    drawn = asked_for(samples, tmp_path / "drawn", ["a three"])
    inputs = {"samples": drawn, "subject": tmp_path / "subject", "scorer": scorer_dir}
    (out := tmp_path / "out").mkdir()
    evaluate(spec, inputs, out, RUNTIME)
    judgement = read_judgement(out)
    assert FD not in judgement.figures, "there are no held-out images"
    copies = judgement.figures[COPIES]
    assert (copies.protocol.n_reference, copies.protocol.reference) == (5, "the subject's images")
    assert copies.value <= 55 / 60
    pairs = read_pairs(out)
    assert pairs is not None
    assert {pair.generated for pair in pairs.pairs[:5]} == set(range(5))
    for pair, (ours, theirs) in zip(pairs.pairs[:5], pairs.images[:5], strict=True):
        assert (pair.generated, pair.ratio) == (pair.training, 0.0)
        assert (ours == theirs).all()
        assert (theirs == images[pair.training]).all()
    assert "one caption" in judgement.left_out["r_precision_domain"]


def test_samples_are_judged_against_other_samples_in_the_place_of_real_images(
    samples: Path, digits: Path, evaluation_spec: dict[str, Any], tmp_path: Path
) -> None:
    others = tmp_path / "others"
    shutil.copytree(samples, others)
    np.save(others / "images.npy", load_split(digits, "holdout").images[:60])
    alike = tmp_path / "alike"
    shutil.copytree(samples, alike)
    images = np.load(alike / "images.npy")
    images[:] = images[:1]
    images[:, :, :, :] += np.arange(60, dtype=np.uint8)[:, None, None, None] % 3
    np.save(alike / "images.npy", images)
    spec = evaluation_spec | {"clip": "none", "classifier": "none", "metrics": None}
    found = {}
    for name, drawn in (("wide", samples), ("alike", alike)):
        (out := tmp_path / f"of-{name}").mkdir()
        evaluate(spec, {"samples": drawn, "like": others, "base": samples}, out, RUNTIME)
        found[name] = read_judgement(out).figures
    wide, narrow = found["wide"], found["alike"]
    judge = "efficientnet_lite0"
    assert wide[FD].protocol.reference == "other samples of the base"
    assert COPIES not in wide, "nobody says what it was trained on"
    assert wide[f"drift_{judge}"].value < 1e-6
    assert narrow[f"drift_{judge}"].low > 0.01
    assert narrow[f"vendi_{judge}"].high < wide[f"vendi_{judge}"].low
    assert narrow[f"recall_{judge}"].high < wide[f"recall_{judge}"].low
    assert not unpaired(narrow[f"vendi_{judge}"], wide[f"vendi_{judge}"])


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
