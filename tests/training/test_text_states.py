"""A training reads text states that were made once, and keeps no text encoder in memory."""

import gc
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from components.data.arrays import load_split
from components.evaluation.domain_clip import ClipConfig, DomainClip
from components.evaluation.judge import Judge
from components.finetuning.finetune import finetune
from components.networks.checkpoint import new_checkpoint
from components.networks.conditioners.encoders.frozen import FrozenEncoder
from components.networks.conditioners.minilm import encoder
from components.runtime import Runtime
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import training_images
from components.training.encode import encode
from components.training.train import train
from tests.model_config import model_config
from tests.training.test_train import spec


def alive() -> int:
    """Text encoders in memory."""
    gc.collect()
    return sum(issubclass(type(each), PreTrainedModel) for each in gc.get_objects())


@pytest.fixture(scope="module")
def text(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The text states of the digits' captions."""
    out, scratch = (tmp_path_factory.mktemp(name) for name in ("text", "scratch"))
    section = {"encoder": "minilm", "max_tokens": None}
    told: list[tuple[int, int, str]] = []
    runtime = Runtime(lambda *each: told.append(each), accelerator="cpu", scratch=scratch)
    encode({"conditioning": section}, {"data": digits}, out, runtime)
    assert told[-1] == (11, 11, "captions"), "ten digits and no caption"
    assert {path.name for path in out.iterdir()} == {"states.npy", "offsets.npy"}
    assert not list(scratch.iterdir())
    encoder.cache_clear()
    return out


def captioned(**training: Any) -> dict[str, Any]:
    conditioning = {"encoder": "minilm", "dropout": 0.5, "max_tokens": None, "options": {}}
    return spec(**training) | {"conditioning": conditioning}


@pytest.fixture
def scorer(tmp_path: Path) -> Path:
    """An untrained CLIP, whose text tower is an encoder too."""
    folder = tmp_path / "scorer"
    folder.mkdir()
    DomainClip(ClipConfig(embed_dim=8, size=32), torch.device("cpu")).save(folder)
    return folder


def test_no_text_encoder_is_in_memory_while_a_denoiser_trains(
    digits: Path, text: Path, scorer: Path, tmp_path: Path
) -> None:
    """Evaluations load one, and the judge another, and both are gone before the next step."""
    encoder.cache_clear()
    others, found = alive(), list[int]()  # other tests may have some
    runtime = Runtime(lambda *_: found.append(alive()), accelerator="cpu")
    looks = {"evaluate_every": 2, "evaluate_samples": 40, "evaluate_steps": 2}
    values, inputs = captioned(steps=4, **looks), {"data": digits, "text": text, "scorer": scorer}
    (tmp_path / "out").mkdir()
    train(values, inputs, tmp_path / "out", runtime)
    assert found == [others] * 4
    figures = (tmp_path / "out" / "evaluations.csv").read_text()
    assert "clip_score_domain" in figures
    assert "denoising_psnr" in figures


def test_an_evaluation_that_fails_leaves_no_text_encoder_behind(
    digits: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder.cache_clear()
    others, found = alive(), list[int]()
    monkeypatch.setattr(Judge, "measure", None)
    runtime = Runtime(lambda *_: found.append(alive()), accelerator="cpu")
    looks = {"evaluate_every": 1, "evaluate_samples": 40, "evaluate_steps": 2}
    with pytest.warns(UserWarning, match="an evaluation was missed"):
        train(captioned(steps=1, **looks), {"data": digits, "text": text}, tmp_path, runtime)
    assert found == [others]


def test_without_evaluations_a_text_encoder_is_never_loaded(
    digits: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FrozenEncoder, "encode", None)
    trained, tuned = tmp_path / "trained", tmp_path / "tuned"
    for folder in (trained, tuned):
        folder.mkdir()
    inputs = {"data": digits, "text": text}
    train(captioned(steps=2), inputs, trained, Runtime(accelerator="cpu"))
    values = {"kind": "consistency", "teacher_steps": 4, "segments": 2, "teacher_guidance": 2.0}
    training = captioned(steps=2)["training"]
    finetune(values | {"training": training}, inputs | {"model": trained}, tuned, Runtime())
    assert (tuned / "model.safetensors").is_file()


def test_a_training_reads_what_is_stored_and_nothing_else(
    digits: Path, text: Path, tmp_path: Path
) -> None:
    """With other states, of the right form, it is another training."""
    other = Path(shutil.copytree(text, tmp_path / "other"))
    np.save(other / "states.npy", -np.load(text / "states.npy"))
    made = []
    for name, folder in (("one", text), ("two", other), ("three", text)):
        (tmp_path / name).mkdir()
        inputs = {"data": digits, "text": folder}
        train(captioned(steps=2), inputs, tmp_path / name, Runtime(accelerator="cpu"))
        made.append((tmp_path / name / "model.safetensors").read_bytes())
    assert made[0] == made[2] != made[1]


def test_captions_of_training_images_are_read_from_the_file_by_their_index(
    digits: Path, text: Path
) -> None:
    model = new_checkpoint(model_config("minilm", classes=()), 0, states=text)
    data = training_images(model, TrainingSpec(), {"data": digits, "text": text})
    captions = load_split(digits, "train").captions
    index = torch.tensor([3, 700, 3, 11])
    fresh = model.conditioner.encode([], [captions[k] for k in index.tolist()])
    for name, rows in data.rows(index).items():
        torch.testing.assert_close(rows, fresh[name], rtol=1e-3, atol=1e-4)
