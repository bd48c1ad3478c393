"""Training: it learns, it repeats, and a killed run continues as if nothing had happened."""

import itertools
import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from components.data.arrays import load_split
from components.data.prepare import prepare
from components.errors import AlphabarError
from components.files.tables import write_csv
from components.networks.checkpoint import load_checkpoint, new_checkpoint
from components.networks.codecs.pixels import Pixels
from components.networks.conditioners.class_label import ClassCondition
from components.reporting.words.watching import remarks
from components.runtime import Runtime
from components.spec.sections.codec import CodecConfig
from components.spec.sections.data import DataSpec
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batches, TrainingSet
from components.training.denoising_loss import DenoisingLoss
from components.training.history import HISTORY, Journal
from components.training.train import train
from tests.model_config import model_config


def spec(**training: Any) -> dict[str, Any]:
    settings = {
        "steps": 12,
        "batch_size": 32,
        "lr": 2e-3,
        "warmup_steps": 2,
        "ema": 0.9,
        "checkpoint_every": 4,
        "evaluate_every": 0,
    }
    return {
        "codec": CodecConfig().model_dump(mode="json"),
        "process": ProcessSpec().model_dump(mode="json"),
        "network": NetworkSpec(channels=[8, 16], layers_per_block=1).model_dump(mode="json"),
        "conditioning": ConditioningSpec().model_dump(mode="json"),
        "training": TrainingSpec(**(settings | training)).model_dump(mode="json"),
    }


def run(out: Path, data: Path, scratch: Path | None = None, **training: Any) -> bytes:
    out.mkdir(parents=True)
    if scratch:
        scratch.mkdir(exist_ok=True)
    train(spec(**training), {"data": data}, out, Runtime(accelerator="cpu", scratch=scratch))
    return (out / "model.safetensors").read_bytes()


def test_training_lowers_the_loss_and_writes_what_it_promises(tmp_path: Path, digits: Path) -> None:
    run(tmp_path / "out", digits, steps=120)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"model.safetensors", "history.csv", "evaluations.csv", "metrics.json"}
    history = pd.read_csv(tmp_path / "out" / "history.csv")
    assert tuple(history.columns) == HISTORY
    assert history.step.tolist() == list(range(10, 121, 10))
    assert history.loss.iloc[-1] < 0.7 * history.loss.iloc[0]
    assert history.lr.iloc[-1] < 1e-4 < history.lr.max() <= 2e-3
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["loss"] == history.loss.iloc[-1]
    model = load_checkpoint(tmp_path / "out")
    assert metrics["parameters"] == sum(p.numel() for p in model.network.parameters())


def test_training_twice_gives_the_same_bytes(tmp_path: Path, digits: Path) -> None:
    assert run(tmp_path / "a", digits) == run(tmp_path / "b", digits)


def test_another_seed_gives_other_weights(tmp_path: Path, digits: Path) -> None:
    assert run(tmp_path / "a", digits) != run(tmp_path / "b", digits, seed=1)


def _killed_at_step_7(out: Path, data: Path, scratch: Path) -> None:
    def die(done: int, total: int, note: str = "") -> None:
        if done == 7:
            os.kill(os.getpid(), signal.SIGKILL)

    torch.set_num_threads(1)
    out.mkdir()
    scratch.mkdir()
    runtime = Runtime(die, accelerator="cpu", scratch=scratch)
    train(spec(ema_snapshots=4), {"data": data}, out, runtime)


def test_a_killed_run_resumes_and_ends_with_the_weights_of_an_undisturbed_one(
    tmp_path: Path, digits: Path
) -> None:
    scratch = tmp_path / "scratch"
    process = multiprocessing.get_context("spawn").Process(
        target=_killed_at_step_7, args=(tmp_path / "killed", digits, scratch)
    )
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert (scratch / "resume.ckpt").is_file()
    assert (scratch / "ema" / "0.10-000006.safetensors").is_file(), "past the resume point"
    (scratch / "ema" / ".0.05-000005.safetensors.part").write_bytes(b"killed in writing it")
    steps: list[int] = []
    (tmp_path / "resumed").mkdir()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        runtime = Runtime(
            lambda done, total, note="": steps.append(done), accelerator="cpu", scratch=scratch
        )
        train(spec(ema_snapshots=4), {"data": digits}, tmp_path / "resumed", runtime)
        undisturbed = run(tmp_path / "whole", digits, ema_snapshots=4)
    finally:
        torch.set_num_threads(threads)
    assert steps == list(range(5, 13)), "it goes on after the checkpoint of step 4"
    assert (tmp_path / "resumed" / "model.safetensors").read_bytes() == undisturbed
    for name in ("history.csv", "metrics.json"):
        resumed = (tmp_path / "resumed" / name).read_text()
        assert resumed == (tmp_path / "whole" / name).read_text()
    snapshots = {path.name: path.read_bytes() for path in (tmp_path / "whole" / "ema").iterdir()}
    assert set(snapshots) == {
        f"{length}-{step:06d}.safetensors" for length in ("0.05", "0.10") for step in (3, 6, 9, 12)
    }
    for path in (tmp_path / "resumed" / "ema").iterdir():
        assert path.read_bytes() == snapshots.pop(path.name)
    assert not snapshots, "the resumed run has fewer"


def test_a_run_killed_before_its_first_resume_point_starts_its_snapshots_anew(
    tmp_path: Path, digits: Path
) -> None:
    def stop(done: int, total: int, note: str = "") -> None:
        if done == 4:
            raise RuntimeError("stopped")

    out, scratch = tmp_path / "out", tmp_path / "scratch"
    for folder in (out, scratch):
        folder.mkdir()
    settings = spec(steps=6, ema_snapshots=6, checkpoint_every=100)
    with pytest.raises(RuntimeError, match="stopped"):
        train(settings, {"data": digits}, out, Runtime(stop, accelerator="cpu", scratch=scratch))
    assert len(list((scratch / "ema").iterdir())) == 6
    run(tmp_path / "whole", digits, steps=6, ema_snapshots=2)
    train(
        settings | {"training": settings["training"] | {"ema_snapshots": 2}},
        {"data": digits},
        out,
        Runtime(accelerator="cpu", scratch=scratch),
    )
    names = {path.name for path in (out / "ema").iterdir()}
    assert names == {path.name for path in (tmp_path / "whole" / "ema").iterdir()}


def test_a_minute_makes_a_resume_point_between_those_of_the_steps_and_changes_no_byte(
    tmp_path: Path, digits: Path
) -> None:
    def stop(done: int, total: int, note: str = "") -> None:
        if done == 6:
            raise RuntimeError("stopped")

    out, scratch = tmp_path / "out", tmp_path / "scratch"
    for folder in (out, scratch):
        folder.mkdir()
    seconds = itertools.count(step=25)
    runtime = Runtime(stop, "cpu", scratch, clock=lambda: float(next(seconds)))
    settings = spec(checkpoint_every=100)
    with pytest.raises(RuntimeError, match="stopped"):
        train(settings, {"data": digits}, out, runtime)
    assert torch.load(scratch / "resume.ckpt", weights_only=True)["global_step"] == 3
    train(settings, {"data": digits}, out, Runtime(accelerator="cpu", scratch=scratch))
    assert (out / "model.safetensors").read_bytes() == run(tmp_path / "whole", digits)


def test_snapshots_change_nothing_in_what_is_trained(tmp_path: Path, digits: Path) -> None:
    plain = run(tmp_path / "plain", digits, steps=4)
    assert run(tmp_path / "with", digits, steps=4, ema_snapshots=2) == plain


def test_a_loss_that_is_not_finite_stops_with_the_last_good_checkpoint_kept(
    tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = DenoisingLoss.__call__

    def diverge(self: DenoisingLoss, *given: Any) -> torch.Tensor:
        step = given[2]
        loss = plain(self, *given)
        return loss * float("nan") if step == 6 else loss

    monkeypatch.setattr(DenoisingLoss, "__call__", diverge)
    with pytest.raises(AlphabarError, match="the loss is nan at step 6: training diverged"):
        run(tmp_path / "out", digits, tmp_path / "scratch")
    kept = torch.load(tmp_path / "scratch" / "resume.ckpt", weights_only=True)
    assert kept["global_step"] == 4
    assert all(bool(w.isfinite().all()) for w in kept["state_dict"].values())


def batches(digits: Path, first: int, last: int, size: int = 50) -> Batches:
    split = load_split(digits, "train")
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2)
    codec = Pixels(CodecConfig(), (1, 8, 8))
    rows = ClassCondition("0123456789").table(split.classes.tolist(), split.captions)
    data = TrainingSet(images, lambda step, stored: codec.encode(stored), rows)
    return Batches(data, batch_size=size, first=first, last=last, seed=0)


def test_every_pass_shows_every_image_once(digits: Path) -> None:
    n = len(load_split(digits, "train").images)
    stream = torch.cat([batches(digits, 0, 1)._index(step) for step in range(2 * n // 50 + 1)])
    for number in (0, 1):
        assert sorted(stream[number * n : (number + 1) * n].tolist()) == list(range(n))
    assert stream[:n].tolist() != stream[n : 2 * n].tolist()


def test_a_batch_depends_only_on_its_step(digits: Path) -> None:
    late = next(iter(batches(digits, 7, 8)))
    everything = list(batches(digits, 0, 8))
    assert late[0] == everything[7][0] == 7
    assert torch.equal(late[1], everything[7][1])
    assert torch.equal(late[2]["class_labels"], everything[7][2]["class_labels"])


def test_labels_stay_with_their_images(digits: Path) -> None:
    split = load_split(digits, "train")
    label_of = {
        image.tobytes(): label for image, label in zip(split.images, split.classes, strict=True)
    }
    _, images, rows = next(iter(batches(digits, 3, 4)))
    for image, label in zip(images, rows["class_labels"], strict=True):
        assert label_of[image.permute(1, 2, 0).contiguous().numpy().tobytes()] == label


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_conditions_are_dropped_at_the_given_share(share: float) -> None:
    model = new_checkpoint(model_config(dropout=share), 0)
    loss = DenoisingLoss(model, TrainingSpec())
    rows = {"class_labels": torch.zeros(4000, dtype=torch.int64)}
    dropped = loss.dropped(rows, torch.Generator().manual_seed(0))["class_labels"]
    assert set(dropped.tolist()) <= {0, 3}
    assert (dropped == 3).float().mean().item() == pytest.approx(share, abs=0.03)


def test_a_journal_forgets_what_lies_past_the_resume_point(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "history.csv", HISTORY)
    journal.rewind(0)
    journal.append({"step": s, "loss": 1, "lr": 2, "grad_norm": 3} for s in (10, 20, 30))
    with journal.path.open("a") as file:
        file.write("40,0.1")  # killed in the middle of a line
    journal.rewind(20)
    assert pd.read_csv(journal.path).step.tolist() == [10, 20]


@pytest.mark.parametrize(("max_tokens", "told"), [(None, (16, 0)), (8, (8, 2))])
def test_a_model_of_captions_says_at_which_length_it_read_them(
    tmp_path: Path, max_tokens: int | None, told: tuple[int, int]
) -> None:
    long = "one two three four five six seven eight nine ten eleven twelve thirteen"
    raw = tmp_path / "raw"
    raw.mkdir()
    ends = [f"{long} red", f"{long} blue", *["a cat"] * 10]
    rows = [{"file_name": f"{k}.png", "caption": caption} for k, caption in enumerate(ends)]
    write_csv(raw / "metadata.csv", rows)
    for k in range(12):
        Image.fromarray(np.full((8, 8), 20 * k, np.uint8)).save(raw / f"{k}.png")
    data = DataSpec(source="folder", name="mine", size=8, holdout=0.3).model_dump(mode="json")
    (tmp_path / "data").mkdir()
    prepare(data, {"raw": raw}, tmp_path / "data", Runtime())
    values = spec(steps=3, batch_size=8)
    conditioning = ConditioningSpec(encoder="minilm", dropout=0.5, max_tokens=max_tokens)
    values["conditioning"] = conditioning.model_dump(mode="json")
    (tmp_path / "out").mkdir()
    train(values, {"data": tmp_path / "data"}, tmp_path / "out", Runtime(accelerator="cpu"))
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (figures["caption_tokens"], figures["captions_cut"]) == told
    assert "captions cut at 8" in remarks(figures) if told[1] else remarks(figures) == ""
