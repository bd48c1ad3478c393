"""Fine-tuning starts from the model it is given."""

from pathlib import Path
from typing import Any

import pytest
import torch

from components.errors import AlphabarError
from components.finetuning.finetune import finetune
from components.licences import licences_in, publish_licences
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.runtime import Runtime
from components.spec.catalogue.entries import Licence
from components.spec.licences import Licensed
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.training import TrainingSpec
from tests.model_config import DIGITS, model_config


def baseline(folder: Path, size: int = 8) -> Path:
    config = model_config(size=size, classes=DIGITS, widths=(8, 16))
    model = new_checkpoint(config, seed=0)
    folder.mkdir()
    save_checkpoint(folder, config, model.network)
    return folder


def run(model: Path, data: Path, out: Path, lr: float) -> dict[str, torch.Tensor]:
    out.mkdir()
    section = FinetuneSpec(style="bold", steps=3, batch_size=16, lr=lr, warmup_steps=0, ema=0.0)
    finetune(
        asked(section, TrainingSpec()),
        {"model": model, "data": data},
        out,
        Runtime(accelerator="cpu"),
    )
    return load_checkpoint(out).network.state_dict()


def asked(section: FinetuneSpec, base: TrainingSpec) -> dict[str, Any]:
    """What the stage is told."""
    return {"kind": section.kind, "training": section.training(base).model_dump(mode="json")}


def distance(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    return max((a[name] - b[name]).abs().max().item() for name in a)


def test_a_tiny_rate_stays_at_the_baseline_and_a_real_one_leaves_it(
    tmp_path: Path, digits: Path
) -> None:
    model = baseline(tmp_path / "model")
    theirs = [Licensed("weights (sd)", Licence("creativeml-openrail-m"))]
    publish_licences(model, theirs)
    start = load_checkpoint(model).network.state_dict()
    assert distance(run(model, digits, tmp_path / "still", 1e-12), start) < 1e-6
    assert distance(run(model, digits, tmp_path / "moved", 1e-2), start) > 1e-3
    assert licences_in(tmp_path / "moved") == theirs


def test_the_baselines_snapshots_are_the_fine_tunes_too(tmp_path: Path, digits: Path) -> None:
    section = FinetuneSpec(style="bold", steps=4, batch_size=16, lr=1e-2, warmup_steps=0)
    training = TrainingSpec(steps=1000, ema_snapshots=2)
    spec = asked(section, training)
    out = tmp_path / "out"
    out.mkdir()
    inputs = {"model": baseline(tmp_path / "model"), "data": digits}
    finetune(spec, inputs, out, Runtime(accelerator="cpu"))
    names = {path.name for path in (out / "ema").iterdir()}
    assert names == {f"{s}-{step:06d}.safetensors" for s in ("0.05", "0.10") for step in (2, 4)}
    rebuilt = load_checkpoint(out, ema_length=0.07).network.state_dict()
    assert 0 < distance(rebuilt, load_checkpoint(out).network.state_dict()) < 0.1


def test_without_evaluations_of_its_own_the_last_weights_are_published() -> None:
    base = TrainingSpec(patience=3, publish="best", select_by="fid")
    assert FinetuneSpec(style="bold").training(base).publish == "last"
    watched = FinetuneSpec(style="bold", evaluate_every=100).training(base)
    assert (watched.publish, watched.patience) == ("best", 3)


def test_data_that_does_not_fit_the_model_is_refused(tmp_path: Path, digits: Path) -> None:
    with pytest.raises(AlphabarError, match="fine-tune on data of the same size"):
        run(baseline(tmp_path / "model", size=16), digits, tmp_path / "out", 1e-3)
