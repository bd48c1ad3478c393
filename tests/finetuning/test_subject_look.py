"""While a subject is learnt, likeness to it decides which evaluation is the best."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.data.grids import contact_sheet, save_png
from components.errors import AlphabarError
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.similarity import mean_cosine, similarities
from components.finetuning.subject_look import SubjectJudge
from components.generation.asked import prompts_of
from components.generation.generate import generate
from components.generation.sampler import Sampler
from components.networks.checkpoint import load_checkpoint
from components.spec.based import refuse_without_a_baseline
from components.spec.loading import parse_experiment
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.pictures import picture_path, pictures, read_prompts
from tests.finetuning.test_dreambooth import SECTION, base, inputs_of, planned, tuned

__all__ = ["base"]  # a fixture

LIKENESS = "likeness_efficientnet_lite0"


def watched(shrunk: dict[str, Any], **training: Any) -> dict[str, Any]:
    shrunk["training"] = shrunk["training"] | {"evaluate_samples": 20, "evaluate_steps": 2}
    shrunk["training"] |= {"evaluate_every": 2} | training
    return shrunk


def test_the_best_evaluation_is_the_one_most_like_the_subject(
    shrunk: dict[str, Any], tmp_path: Path, base: Path, digits: Path
) -> None:
    settings = {"steps": 6, "evaluate_every": 2, "prior_weight": 0.0, "weights": "lora", "rank": 2}
    plan = planned(watched(shrunk, publish="best"), **settings)
    out = tuned(plan, inputs_of(plan, tmp_path, base, digits), tmp_path / "out")
    with (out / "evaluations.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = {row["metric"] for row in rows}
    assert not [name for name in names if name.startswith("fd")], "of whom, in 5 images?"
    assert any(name.startswith("denoising") for name in names)
    likeness = {int(row["step"]): float(row["value"]) for row in rows if row["metric"] == LIKENESS}
    assert [*likeness] == [2, 4, 6]
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["best_metric"] == LIKENESS
    assert figures["best_step"] == max(likeness, key=lambda step: (likeness[step], -step))
    assert figures["published"] == "best"
    assert json.loads((out / "best.json").read_text())["step"] == figures["best_step"]
    assert (out / "adapter.safetensors").is_file()
    assert (out / "last" / "adapter.safetensors").is_file()
    assert list(pictures(out / "samples")) == [0, 2, 4, 6]
    shown = read_prompts(out / "samples")
    assert shown is not None
    assert shown.firsts(8) == {"a sks digit": (0, 0)}
    model = load_checkpoint(base)
    drawing = SamplingSpec(steps=2, guidance=TrainingSpec().evaluate_guidance)
    asked = prompts_of(model, ["a sks digit"], 20)
    save_png(tmp_path / "b.png", contact_sheet(generate(Sampler(model, drawing), asked).images, 10))
    drawn = picture_path(out / "samples", 0).read_bytes()
    assert drawn == (tmp_path / "b.png").read_bytes(), "what the base draws"


def test_a_judge_of_a_subject_finds_the_subject_like_itself_and_noise_less_so() -> None:
    random = np.random.default_rng(0)
    real = np.zeros((5, 16, 16, 3), np.uint8)
    for k in range(5):
        real[k, 3 : 9 + k, 4:12] = 200
    judge = SubjectJudge(real, "efficientnet_lite0", 32, 0.95, FeatureBank("cpu"))
    noise = random.integers(0, 256, real.shape, np.uint8)
    own, other = (
        judge.measure(ImageSet(images, np.full(5, -1), ("",) * 5, "drawn"), None).figures[LIKENESS]
        for images in (real, noise)
    )
    assert judge.names() == [LIKENESS]
    assert own.low <= own.value <= own.high <= 1
    assert own.value > other.high


def test_training_and_the_stage_after_it_measure_alike() -> None:
    random = np.random.default_rng(0)
    real, drawn, before = (random.normal(1, 1, (n, 8)).astype(np.float32) for n in (4, 9, 9))
    assert mean_cosine(real, drawn, 0.9) == similarities(real, drawn, before, 0.9)["tuned"]


def test_the_baselines_figure_does_not_decide_of_a_subject() -> None:
    section = {"kind": "dreambooth", **SECTION, "evaluate_every": 2}
    spec = FinetuneSpec.model_validate(section)
    for asked, decides in (("kd_efficientnet_lite0", None), (LIKENESS, LIKENESS)):
        assert spec.training(TrainingSpec(select_by=asked)).select_by == decides
    style = FinetuneSpec(style="bold", evaluate_every=2)
    asked = "kd_efficientnet_lite0"
    assert style.training(TrainingSpec(select_by=asked)).select_by == asked


def test_with_a_base_it_is_refused_by_name(shrunk: dict[str, Any]) -> None:
    values = shrunk | {"conditioning": {"encoder": "minilm"}, "evaluation": {"samples": 60}}
    values |= {"sweep": {}, "also": [], "study": None, "registry": {}}
    values["training"] = {"select_by": "fd_efficientnet_lite0"}
    values["finetune"] = SECTION | {"base": "here", "evaluate_every": 2}
    with pytest.raises(AlphabarError, match="`training.select_by: fd_.*` is not taken while"):
        refuse_without_a_baseline(parse_experiment(values, "test"), "test")


def test_only_evaluations_change_what_a_subjects_training_is_known_by(
    shrunk: dict[str, Any],
) -> None:
    assert "judged_by" not in planned(shrunk).finetune.spec
    assert planned(watched(shrunk), evaluate_every=2).finetune.spec["judged_by"] == "likeness"
