"""The figure `preference_score`: of samples, of groups, of the floor; in files and in pairs."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from components.data.arrays import load_split
from components.errors import AlphabarError
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.judge import Judge
from components.evaluation.preferences.model import build_preference
from components.evaluation.preferences.scores import scores
from components.evaluation.stages import evaluate, reference
from components.figures.comparison import difference, differing, unpaired
from components.figures.image_scores import image_scores
from components.figures.record import read_judgement
from components.files.digests import known_sha256
from components.runtime import Runtime
from components.spec.metrics import METRICS, family_of, judge_of, lower_is_better
from components.spec.sections.evaluation import EvaluationSpec
from tests.tiny_preference_models import HPS_MODEL, tiny_hps

CPU, RUNTIME = torch.device("cpu"), Runtime(accelerator="cpu")
PICKSCORE, HPS = "preference_score_pickscore", "preference_score_hps_v2.1"
N = 60


def spec_of(**changed: Any) -> dict[str, Any]:
    cheap = {"samples": N, "metrics": ["fd"], "clip": "none", "size": 32}
    return EvaluationSpec(**cheap | changed).model_dump(mode="json")


def samples_at(folder: Path, digits: Path, start: int) -> Path:
    """Real digits that pose as samples of seeds 5 to 64, another image for the same caption."""
    real = load_split(digits, "train")
    order = np.argsort(real.classes, kind="stable")[start : start + N]
    folder.mkdir()
    np.save(folder / "images.npy", real.images[order])
    table = {"index": range(N), "seed": range(5, 5 + N), "class": 0, "label": 0}
    table["caption"] = [["a cat", "a red dog"][k % 2] for k in range(N)]
    table["group"] = [["cats", "dogs"][k % 2] for k in range(N)]
    pd.DataFrame(table).to_csv(folder / "samples.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def judged(
    digits: Path, pickscore_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Two cells of the same seeds and prompts, and what they were judged from."""
    home = tmp_path_factory.mktemp("judged")
    found = {}
    for name, start in (("one", 0), ("other", N)):
        samples = samples_at(home / f"samples-{name}", digits, start)
        found[name], found[f"samples-{name}"] = home / name, samples
        found[name].mkdir()
        spec = spec_of(preference=f"pickscore:{pickscore_dir}")
        evaluate(spec, {"samples": samples, "data": digits}, found[name], RUNTIME)
    return found


def test_the_figure_is_the_mean_of_the_images_scores(
    judged: dict[str, Path], pickscore_dir: Path
) -> None:
    judgement = read_judgement(judged["one"])
    figure = judgement.figures[PICKSCORE]
    judge = build_preference(f"pickscore:{pickscore_dir}", CPU)
    captions = pd.read_csv(judged["samples-one"] / "samples.csv").caption.tolist()
    expected = scores(judge, np.load(judged["samples-one"] / "images.npy"), captions)
    assert figure.value == pytest.approx(expected.mean(), abs=1e-9)
    assert figure.low < figure.value < figure.high
    protocol = figure.protocol
    assert (protocol.extractor, protocol.reference_key) == (judge.name, judge.key)
    assert (protocol.reference, protocol.n_reference) == ("captions", 2)
    assert str(pickscore_dir) not in json.dumps(protocol.to_json())
    kept = image_scores(judgement)
    np.testing.assert_allclose(kept.scores[PICKSCORE], expected, rtol=1e-9)
    assert kept.seeds.tolist() == [*range(5, 5 + N)]
    assert kept.of_seed(PICKSCORE, 7) == kept.scores[PICKSCORE][2]
    assert kept.of_seed(PICKSCORE, 4) is None


def test_it_is_taken_of_groups_of_captions_and_stands_in_the_summary(
    judged: dict[str, Path],
) -> None:
    assert PICKSCORE in json.loads((judged["one"] / "summary.json").read_text())
    judgement = read_judgement(judged["one"])
    assert {*judgement.groups} == {"cats", "dogs"}
    each = image_scores(judgement).scores[PICKSCORE]
    for name, of_group in (("cats", each[::2]), ("dogs", each[1::2])):
        assert judgement.groups[name][PICKSCORE].value == pytest.approx(of_group.mean())


def test_cells_of_the_same_seeds_and_prompts_are_compared_in_pairs(
    judged: dict[str, Path],
) -> None:
    one, other = (read_judgement(judged[name]).figures[PICKSCORE] for name in ("one", "other"))
    assert not unpaired(one, other)
    less = difference(one, other)
    assert less.paired
    apart = one.measured.generated - other.measured.generated
    assert less.value == pytest.approx(apart.mean())
    half = 2.0010 * apart.std(ddof=1) / N**0.5  # Student's t with 59 degrees of freedom
    assert (less.high - less.low) / 2 == pytest.approx(half, rel=1e-3)


def test_other_weights_and_other_versions_do_not_compare(
    digits: Path, hps_model: str, tmp_path: Path
) -> None:
    samples = samples_at(tmp_path / "samples", digits, 0)
    found = {}
    for seed, name in ((1, "HPS_v2.1.pt"), (2, "other/HPS_v2.1.pt"), (1, "HPS_v2.pt")):
        path, out = tiny_hps(tmp_path / name, seed), tmp_path / f"out-{len(found)}"
        out.mkdir()
        spec = spec_of(preference=f"hps:{hps_model}:{path}")
        evaluate(spec, {"samples": samples, "data": digits}, out, RUNTIME)
        found[name] = read_judgement(out).figures
    one, other = found["HPS_v2.1.pt"][HPS], found["other/HPS_v2.1.pt"][HPS]
    assert differing(one, other) == ["extractor", "reference_key"]
    assert HPS not in found["HPS_v2.pt"]
    assert "preference_score_hps_v2.0" in found["HPS_v2.pt"]


def test_the_floor_is_the_holdouts_own(digits: Path, pickscore_dir: Path, tmp_path: Path) -> None:
    spec = spec_of(preference=f"pickscore:{pickscore_dir}")
    reference(spec, {"data": digits}, tmp_path, RUNTIME)
    holdout = load_split(digits, "holdout")
    figure = read_judgement(tmp_path).figures[PICKSCORE]
    assert figure.protocol.n_generated == len(holdout.images)
    judge = build_preference(f"pickscore:{pickscore_dir}", CPU)
    expected = scores(judge, holdout.images, holdout.captions).mean()
    assert figure.value == pytest.approx(expected, abs=1e-9)


def test_without_one_nothing_else_is_written_than_before(digits: Path, tmp_path: Path) -> None:
    assert "preference" not in spec_of()
    samples = samples_at(tmp_path / "samples", digits, 0)
    for name, spec in (("a", spec_of()), ("b", spec_of() | {"preference": "none"})):
        (tmp_path / name).mkdir()
        evaluate(spec, {"samples": samples, "data": digits}, tmp_path / name, RUNTIME)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "b").iterdir())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_judge_says_what_it_takes_and_refuses_what_is_missing(
    digits: Path, hps_file: Path, tmp_path: Path
) -> None:
    spec = spec_of(preference=f"hps:{HPS_MODEL}:{hps_file}")
    judge = Judge.of_data(digits, None, spec, FeatureBank(CPU))
    assert judge.names()[1:] == [HPS]
    judge.refuse_missing_weights()
    gone = spec | {"preference": f"hps:{HPS_MODEL}:{tmp_path / 'HPS_v2.1.pt'}"}
    with pytest.raises(AlphabarError, match="no weights"):
        Judge.of_data(digits, None, gone, FeatureBank(CPU)).refuse_missing_weights()
    some = ImageSet.load(digits, "holdout").rows(np.arange(30))
    with pytest.raises(AlphabarError, match="1 of 30 images have no caption") as refusal:
        judge.measure(replace(some, captions=["", *some.captions[1:]]), 0)
    assert "evaluation.preference" in refusal.value.remedy
    with pytest.raises(AlphabarError, match="30 of 30 images have no caption"):
        judge.measure(replace(some, captions=[""] * 30), 0)


def test_the_stage_notices_weights_that_were_changed(
    digits: Path, pickscore_dir: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(pickscore_dir, tmp_path / "model")
    before = build_preference(f"pickscore:{folder}", CPU).key
    config = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(config | {"do_resize": False}))
    assert build_preference(f"pickscore:{folder}", CPU).key != before
    assert known_sha256(folder / "config.json")


def test_its_name_is_taken_apart() -> None:
    assert family_of(HPS) == "preference_score"
    assert judge_of(HPS) == "hps_v2.1"
    assert not lower_is_better(PICKSCORE)
    assert METRICS["preference_score"].of_samples
