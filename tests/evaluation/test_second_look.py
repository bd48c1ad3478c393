"""Images that were looked at once are judged again without a network: by another command, against
others, with other metrics, in other processes and stages."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from components.data.arrays import load_split
from components.generation.prompts import Prompts
from components.generation.sample import save_samples
from flows.cli import app

BLIND = """
import sys
from components.evaluation.extractors.onnx_runtime import OnnxEngine

def gone(*_, **__):
    raise AssertionError("images are looked at anew")

OnnxEngine.run = gone
"""
"""A process in which nothing can be extracted."""

COMMAND = f"{BLIND}\nfrom flows.cli import main\nmain()"

STAGE = f"""{BLIND}
from pathlib import Path
from components.evaluation.stages import evaluate
from components.runtime import Runtime
from components.spec.sections.evaluation import EvaluationSpec
from flows.run.stages import prepare_process

prepare_process(int(sys.argv[1]))
spec = EvaluationSpec(size=32, clip="none", groups="class", metrics=["fd", "kd", "precision"])
data, samples, out, cache = map(Path, sys.argv[2:])
runtime = Runtime(accelerator="cpu", cache=cache)
evaluate(spec.model_dump(mode="json"), {{"data": data, "samples": samples}}, out, runtime)
"""
"""The stage, with so many threads, without a network."""


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three of images: ``real``, ``other`` and ``drawn``."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("real", "other", "drawn")):
        (tmp_path / name).mkdir()
        images = np.random.default_rng(number).integers(0, 256, (30, 8, 8), np.uint8)
        for k, image in enumerate(images):
            Image.fromarray(image).save(tmp_path / name / f"{k:02d}.png")
    return tmp_path


def words(images: str, reference: str, out: str, *metrics: str) -> list[str]:
    named = [word for name in metrics for word in ("--metric", name)]
    return ["evaluate", images, "--reference", reference, "--out", out, "--size", "32", *named]


def look(*given: str) -> None:
    result = CliRunner().invoke(app, [*given, "--quiet"])
    assert result.exit_code == 0, result.output


def blind(code: str, *given: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", code, *map(str, given)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_another_reference_and_metric_in_another_process_need_no_network(folders: Path) -> None:
    look(*words("drawn", "real", "first", "fd"))
    look(*words("other", "real", "second", "fd"))
    third = blind(COMMAND, *words("drawn", "other", "third", "kd", "precision", "vendi"))
    assert third.returncode == 0, third.stderr
    assert (folders / "third" / "metrics.json").is_file()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folders / "drawn" / "00.png")
    changed = blind(COMMAND, *words("drawn", "other", "fourth", "kd"))
    assert changed.returncode != 0
    assert "looked at anew" in changed.stderr


def test_a_stage_of_any_threads_finds_what_a_command_has_looked_at(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    real, samples = load_split(digits, "train"), tmp_path / "samples"
    for folder in (samples, tmp_path / "out"):
        folder.mkdir()
    prompts = Prompts(tuple(real.classes[:60].tolist()), ("",) * 60, tuple(real.captions[:60]))
    save_samples(real.images[:60], prompts, 5, samples)
    look(*words("samples", str(digits), "first", "fd", "authenticity"))
    threads, cache = torch.get_num_threads() + 1, tmp_path / "artifacts" / ".cache"
    found = blind(STAGE, threads, digits, samples, tmp_path / "out", cache)
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "out" / "metrics.json").is_file()
