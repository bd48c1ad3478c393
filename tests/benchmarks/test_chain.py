"""The chain beside scripts: both sides do the same, and figures of theirs are what ours are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import chain
from benchmarks.chain_figures import Work, covered
from benchmarks.chain_scripts import write_images
from benchmarks.scripts.evaluate import main as judge_as_scripts_do
from components.data.arrays import load_split
from components.evaluation.domain_clip import ClipConfig, DomainClip
from components.evaluation.stages import evaluate
from components.figures.record import read_judgement
from components.files.tables import write_table
from components.generation.prompts import Prompts, class_captions
from components.generation.sample import save_samples
from components.runtime import Runtime
from components.spec.loading import parse_experiment
from components.spec.sections.evaluation import EvaluationSpec

ROOT = Path(__file__).parents[2]
DRAWN = 100


def test_the_sweep_is_the_file_s_and_nothing_follows_it() -> None:
    whole = parse_experiment(chain.experiment(60, 200, full=True, quick=False), "the file")
    small = parse_experiment(chain.experiment(60, 200, full=False, quick=False), "the file")
    assert whole.finetune is whole.study is whole.registry.model is None
    assert (whole.training.steps, whole.evaluation.samples) == (500, 500)
    assert (small.training.steps, small.evaluation.samples) == (60, 200)
    assert small.sweep == whole.sweep != {}
    assert small.also == whole.also != []


def test_time_in_which_two_stages_run_counts_once() -> None:
    found = [Work("b", 5.0, 9.0), Work("a", 0.0, 6.0), Work("c", 2.0, 3.0), Work("d", 12.0, 13.5)]
    assert covered(found) == 10.5


@pytest.mark.slow
def test_the_scripts_find_the_figures_of_our_evaluation(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same images and the same scorer."""
    real, named = load_split(digits, "train"), class_captions(digits)
    classes = [k % 10 for k in range(DRAWN)]
    images = real.images[:DRAWN]
    for name in ("samples", "drawn", "scorer", "out"):
        (tmp_path / name).mkdir()
    captions = tuple(named[c] for c in classes)
    save_samples(images, Prompts(tuple(classes), ("",) * DRAWN, captions), 0, tmp_path / "samples")
    for k, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / "drawn" / f"{k:05d}.png")
    write_images(digits, "holdout", tmp_path / "holdout")
    write_table(tmp_path / "prompts.csv", ("label", "caption"), enumerate(named))
    DomainClip(ClipConfig(embed_dim=8, size=32), torch.device("cpu")).save(tmp_path / "scorer")

    spec = EvaluationSpec(size=32, clip="domain").model_dump(mode="json")
    inputs = {"data": digits, "samples": tmp_path / "samples", "scorer": tmp_path / "scorer"}
    evaluate(spec, inputs, tmp_path / "out", Runtime(accelerator="cpu"))
    ours = {name: each.value for name, each in read_judgement(tmp_path / "out").figures.items()}
    words = [tmp_path / name for name in ("drawn", "holdout", "prompts.csv", "scorer", "f.json")]
    line = ["evaluate", *map(str, words), "--size", "32", "--workers", "0"]
    monkeypatch.setattr("sys.argv", line)
    judge_as_scripts_do()
    theirs = json.loads((tmp_path / "f.json").read_text())
    for name, family in {"fd": "fd", "precision": "precision", "recall": "recall"}.items():
        assert theirs[name] == pytest.approx(ours[f"{family}_efficientnet_lite0"], rel=1e-3)
    assert theirs["kd"] == pytest.approx(ours["kd_efficientnet_lite0"], rel=0.2)  # of subsets
    assert theirs["clip"] == pytest.approx(max(0, 100 * ours["clip_cosine_domain"]), abs=1e-2)


@pytest.mark.simulation
def test_both_chains_run_through(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "benchmarks.chain", "--quick", "--out", tmp_path / "out.json"]
    result = subprocess.run(
        list(map(str, line)), cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    (seconds,) = json.loads((tmp_path / "out.json").read_text()).values()
    assert np.all([len(each) == 1 and each[0] > 0 for each in seconds.values()])
    for text in ("times faster than a script for each cell", "evaluation: ", "none runs"):
        assert text in result.stdout
